/** A supervisor that keeps services running, and what happens to them and to what they stand on. */
import { type EmbeddedStore, embeddedSessionIndex } from '@holdpoint/state'
import type { Checks } from './checks.ts'
import { partitions } from './log-data.ts'
import type { Size } from './people.ts'
import { engine, groups, ingest, type Role, type Running, type Setting } from './services.ts'
import { sessionMs } from './sim-log.ts'

type Disaster = (disasters: Disasters) => void

/** By name, as a report counts them. */
const kinds = {
  'engine killed': (d) => d.kill(d.one('engine')),
  'engine killed with a commit under way': (d) => d.kill(d.doing('engine', 'store commit')),
  'engine killed with a send under way': (d) => d.kill(d.doing('engine', 'append')),
  'every engine killed': (d) => {
    for (const one of d.all('engine')) d.kill(one)
  },
  'engine stopped in order': (d) => d.stop(d.one('engine')),
  'ingest killed': (d) => d.kill(d.one('ingest')),
  'ingest killed with an append under way': (d) => d.kill(d.doing('ingest', 'append')),
  'a reader of engines died': (d) => d.die(groups.engine),
  'a reader of ingests died': (d) => d.die(groups.ingest),
  'ingest stopped in order': (d) => d.stop(d.one('ingest')),
  'engine expelled, unaware': (d) => d.expel(d.one('engine')),
  'ingest expelled, unaware': (d) => d.expel(d.one('ingest')),
  'a second owner': (d) => d.secondOwner(),
  'engine frozen': (d) => d.freeze(d.one('engine')),
  'ingest frozen': (d) => d.freeze(d.one('ingest')),
  'store lost commits under an engine that loads, and freezes': (d) => {
    d.freeze(d.doing('engine', 'store load'))
    d.rollBack()
  },
  'rebalance of engines': (d) => d.setting.cluster.rebalance(groups.engine),
  'rebalance of ingests': (d) => d.setting.cluster.rebalance(groups.ingest),
  'store lost its latest commits': (d) => d.rollBack(),
  'store lost everything': (d) => d.wipe(),
  'store out of memory': (d) => d.fill(1),
  'store nearly full': (d) => d.fill(0.95),
  'engines: group forgot its offsets': (d) => d.setting.cluster.data.forgetCommitted(groups.engine),
  'ingests: group forgot its offsets': (d) => {
    d.setting.cluster.data.forgetCommitted(groups.ingest)
    d.setting.cluster.rebalance(groups.ingest)
  },
} satisfies Readonly<Record<string, Disaster>>

export type DisasterName = keyof typeof kinds

/** Those that strike while a call is under way, and which. */
const amidst: Partial<Record<DisasterName, readonly [Role, string]>> = {
  'engine killed with a commit under way': ['engine', 'store commit'],
  'engine killed with a send under way': ['engine', 'append'],
  'ingest killed with an append under way': ['ingest', 'append'],
  'store lost commits under an engine that loads, and freezes': ['engine', 'store load'],
}

export class Disasters {
  readonly setting: Setting
  readonly twin: EmbeddedStore
  readonly #checks: Checks
  readonly #running: Running[] = []
  #names = 0
  #over = false
  /** True once the state was lost, so that engines have rebuilt it. */
  rebuilt = false

  constructor(setting: Setting, twin: EmbeddedStore, checks: Checks) {
    this.setting = setting
    this.twin = twin
    this.#checks = checks
  }

  /** Starts the services, and plans what will go wrong: some runs are mild and some are not. */
  begin(size: Size, mostly?: readonly DisasterName[]): void {
    const { world, cluster } = this.setting
    const { random } = world
    this.#start('ingest')
    this.#start('engine')
    if (random.chance(0.7)) this.#start('ingest')
    if (random.chance(0.7)) this.#start('engine')
    const harsh = () => random.pick([0, 0, 0.003, 0.02])
    world.weather = { refused: harsh(), lost: harsh() / 2, unheard: harsh() }
    cluster.jumps = random.pick([0, 0.02, 0.1])
    cluster.partials = random.pick([0, 0.1, 0.5])
    const every = Object.keys(kinds) as DisasterName[]
    const names = mostly ?? every.filter(() => random.chance(0.4))
    if (names.length === 0) return
    const most = size.disasters * (mostly === undefined ? 1 : 3)
    for (let n = random.below(most + 1); n > 0; n -= 1) {
      const name = random.pick(names)
      setTimeout(() => this.#strike(name), random.below(size.storyMs))
    }
  }

  /** Nothing more goes wrong, and what was wrong is over. */
  end(): void {
    this.#over = true
    const { cluster } = this.setting
    cluster.jumps = 0
    cluster.partials = 0
    this.setting.store.full = 0
  }

  all(role: Role): readonly Running[] {
    return this.#running.filter((one) => one.role === role && one.process.alive)
  }

  one(role: Role): Running | undefined {
    const found = this.all(role)
    return found.length === 0 ? undefined : this.setting.world.random.pick(found)
  }

  /** One whose call to `part` is under way. */
  doing(role: Role, part: string): Running | undefined {
    return this.all(role).find(({ process }) => this.setting.world.underWay(process, part))
  }

  /** The client of one member gives up: its process must end, or nobody reads any more. */
  die(group: string): void {
    const { cluster, world } = this.setting
    const members = cluster.members(group).filter(({ process }) => process.alive)
    if (members.length > 0) world.random.pick(members).die()
  }

  /** It stands still, mostly for less than its calls wait. */
  freeze(running: Running | undefined): void {
    const { world } = this.setting
    if (running !== undefined) world.freeze(running.process, 200 + world.random.below(6_000))
  }

  /** All that stands in Redis is gone: state, and the index of sessions. */
  wipe(): void {
    this.rebuilt = true
    this.twin.wipe()
    this.setting.store.commits.length = 0
    this.setting.index = embeddedSessionIndex()
  }

  kill(running: Running | undefined): void {
    if (running === undefined) return
    const { world } = this.setting
    this.#gone(running)
    const { random } = world
    world.kill(running.process)
    // The group notices by the silence; half of the time something tells it at once.
    const noticed = random.chance(0.5) ? sessionMs : 0
    setTimeout(() => this.#bury(running), noticed)
    setTimeout(() => this.#start(running.role), random.below(20_000))
  }

  stop(running: Running | undefined): void {
    if (running === undefined) return
    this.#gone(running)
    const ended = () => {
      this.setting.world.kill(running.process)
      this.#bury(running)
      this.#start(running.role)
    }
    running.stop().then(ended, ended)
  }

  /** It is taken for dead and lives: others get its partitions while it goes on for a while. */
  expel(running: Running | undefined): void {
    if (running === undefined) return
    const { cluster, world } = this.setting
    const { group, process } = running
    const member = cluster.members(group).find((one) => one.process === process)
    if (member === undefined) return
    cluster.leave(group, member, false)
    setTimeout(() => {
      if (process.alive) cluster.join(group, member)
    }, 500 + world.random.below(30_000))
  }

  /** An engine of another group on the same partitions. */
  secondOwner(): void {
    const { random } = this.setting.world
    const second = this.#engine(`${groups.engine}-${this.#names}`)
    setTimeout(() => {
      if (!second.process.alive) return
      this.#gone(second)
      this.setting.world.kill(second.process)
      this.#bury(second)
    }, 1_000 + random.below(60_000))
  }

  /** The latest commits are lost, as by a promotion: of one partition, or of both. */
  rollBack(): void {
    const { world, store } = this.setting
    const { random } = world
    const only = random.chance(0.5) ? random.below(partitions) : null
    for (let partition = 0; partition < partitions; partition += 1) {
      const made = store.commits[partition] ?? 0
      if (made === 0 || (only !== null && only !== partition)) continue
      const lost = 1 + random.below(made)
      this.twin.rollback(partition, lost)
      store.commits[partition] = made - lost
      // Back to before the first commit: what engines find then is a store that has lost everything.
      if (made === lost) this.rebuilt = true
      world.count(lost > 10 ? 'more than ten commits lost' : 'up to ten commits lost')
    }
  }

  fill(share: number): void {
    const { store, world } = this.setting
    store.full = share
    setTimeout(() => {
      store.full = 0
    }, 1_000 + world.random.below(60_000))
  }

  /** At any await of whoever works then, and not only when all wait for the time to pass. */
  #strike(name: DisasterName): void {
    const { world } = this.setting
    const target = amidst[name]
    const act = () => {
      if (this.#over || (target !== undefined && this.doing(...target) === undefined)) return
      world.count(name)
      kinds[name](this)
    }
    if (target === undefined) world.soon(world.random.below(60), act)
    else world.soon(400, act, () => this.doing(...target) !== undefined)
  }

  #start(role: Role): void {
    if (role === 'engine') this.#engine(groups.engine)
    else this.#run((crash) => ingest(this.setting, this.#name(role), crash, this.#skewMs()))
  }

  #engine(group: string): Running {
    const of = { group, skewMs: this.#skewMs() }
    return this.#run((crash) => engine(this.setting, this.#name('engine'), crash, of))
  }

  /** Clocks differ, by two minutes at most. */
  #skewMs(): number {
    const { random } = this.setting.world
    return random.chance(0.3) ? random.below(240_000) - 120_000 : 0
  }

  #name(role: Role): string {
    this.#names += 1
    return `${role}-${this.#names}`
  }

  /** A service that ends by itself is started again, as any supervisor would. */
  #run(make: (crash: (error: Error) => void) => Running): Running {
    const exit = () => {
      if (running.process.alive) this.kill(running)
    }
    const running: Running = make(exit)
    this.#running.push(running)
    running.start().catch((error: unknown) => {
      this.#checks.find('I10', 'broken', `${running.process.name} cannot start: ${String(error)}`)
    })
    return running
  }

  #gone(running: Running): void {
    const at = this.#running.indexOf(running)
    if (at >= 0) this.#running.splice(at, 1)
  }

  #bury({ group, process }: Running): void {
    const { cluster } = this.setting
    const member = cluster.members(group).find((one) => one.process === process)
    if (member !== undefined) cluster.leave(group, member, false)
  }
}
