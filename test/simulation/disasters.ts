/** A supervisor that keeps services running, and what happens to them and to what they stand on. */
import type { StoredRecord } from '@holdpoint/log'
import type { EmbeddedStore } from '@holdpoint/state'
import type { Checks } from './checks.ts'
import type { Size } from './people.ts'
import { partitions } from './run.ts'
import { engine, groups, ingest, type Role, type Running, type Setting } from './services.ts'
import { sessionMs } from './sim-log.ts'

type Disaster = (disasters: Disasters) => void

/** By name, as a report counts them. */
const kinds: Readonly<Record<string, Disaster>> = {
  'engine killed': (d) => d.kill(d.one('engine')),
  'every engine killed': (d) => {
    for (const one of d.all('engine')) d.kill(one)
  },
  'engine stopped in order': (d) => d.stop(d.one('engine')),
  'ingest killed': (d) => d.kill(d.one('ingest')),
  'ingest stopped in order': (d) => d.stop(d.one('ingest')),
  'engine expelled, unaware': (d) => d.expel(d.one('engine')),
  'ingest expelled, unaware': (d) => d.expel(d.one('ingest')),
  'a second owner': (d) => d.secondOwner(),
  'rebalance of engines': (d) => d.setting.cluster.rebalance(groups.engine),
  'rebalance of ingests': (d) => d.setting.cluster.rebalance(groups.ingest),
  'store lost its latest commits': (d) => d.rollBack(),
  'store lost everything': (d) => d.twin.wipe(),
  'store out of memory': (d) => d.fill(1),
  'store nearly full': (d) => d.fill(0.95),
  'engines’ group forgot its offsets': (d) => d.setting.cluster.data.forgetCommitted(groups.engine),
  'ingests’ group forgot its offsets': (d) => {
    d.setting.cluster.data.forgetCommitted(groups.ingest)
    d.setting.cluster.rebalance(groups.ingest)
  },
}

export class Disasters {
  readonly setting: Setting
  readonly twin: EmbeddedStore
  readonly #checks: Checks
  readonly #running: Running[] = []
  #names = 0
  #over = false

  constructor(setting: Setting, twin: EmbeddedStore, checks: Checks) {
    this.setting = setting
    this.twin = twin
    this.#checks = checks
  }

  /** Starts the services, and plans what will go wrong: some runs are mild and some are not. */
  begin(size: Size, mostly?: readonly string[]): void {
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
    const names = mostly ?? Object.keys(kinds).filter(() => random.chance(0.4))
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

  /** The id of the event in a dead letter. */
  readonly letterOf = (record: StoredRecord): string => String(record.headers['simulation.id'])

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

  rollBack(): void {
    const { random } = this.setting.world
    const partition = random.below(partitions)
    for (let left = 1 + random.below(50); left > 0; left -= 1) {
      try {
        this.twin.rollback(partition, 1)
      } catch {
        // Fewer commits were made than are lost.
        return
      }
    }
  }

  fill(share: number): void {
    const { store, world } = this.setting
    store.full = share
    setTimeout(() => {
      store.full = 0
    }, 1_000 + world.random.below(60_000))
  }

  #strike(name: string): void {
    if (this.#over) return
    const { world } = this.setting
    const act = () => {
      if (this.#over) return
      world.count(name)
      kinds[name]!(this)
    }
    // At any await of whoever works then, and not only when all wait for the time to pass.
    world.soon(world.random.below(60), act)
  }

  #start(role: Role): void {
    if (role === 'engine') this.#engine(groups.engine)
    else {
      const { random } = this.setting.world
      const skewMs = random.chance(0.3) ? random.below(240_000) - 120_000 : 0
      this.#run((crash) => ingest(this.setting, this.#name(role), crash, skewMs))
    }
  }

  #engine(group: string): Running {
    return this.#run((crash) => engine(this.setting, this.#name('engine'), crash, group))
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
