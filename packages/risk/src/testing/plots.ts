/** Events that follow one another: what chance alone seldom strings together. */
import fc from 'fast-check'
import { arbitraryEvent, type Drawn, otp, resistant, token } from './drawn-event.ts'
import { chrome, london, minutes } from './scene.ts'

const atHome = { place: london, networkKind: 'residential', client: chrome, lateMs: 0 } as const
const person = { kind: 'human', agent: false, bound: 0, credential: token, ...atHome } as const
const sent = { kind: 'human', agent: true, bound: 0, credential: token, lateMs: 0 } as const
const done = { outcome: 'success', parent: '', previous: '' } as const
const fresh = { assurance: otp, authAgeMs: null } as const
const strong = { assurance: resistant, authAgeMs: null } as const
const pays = { type: 'action', act: 'payments.approve', amount: 5_000 } as const

/** By what each event of a plot is; the rest of it stays as it was drawn. */
const plots: readonly (readonly Partial<Drawn>[])[] = [
  // A person sends an agent, and that another.
  [
    { ...person, ...done, ...fresh, type: 'login', session: 's-1' },
    { ...sent, ...done, type: 'action', session: 'a-1', parent: 's-1' },
    { ...sent, ...done, ...pays, session: 'g-1', parent: 'a-1' },
  ],
  // What acts for a person waits for her, and she approves. In sessions of their own: a thief's would not get so far.
  [
    { ...person, ...done, ...strong, type: 'login', session: 's-4' },
    { ...sent, ...done, ...pays, session: 'a-4', parent: 's-4', gapMs: minutes(75) },
    { ...person, ...done, ...strong, type: 'reauthentication', session: 's-4' },
  ],
  [
    { ...sent, ...done, ...pays, session: 'a-1', parent: 's-1', gapMs: minutes(75) },
    { ...person, ...done, ...fresh, type: 'reauthentication', session: 's-1' },
  ],
  // A session goes on under another id, and what was begun from it with it.
  [
    { ...person, ...done, ...fresh, type: 'reauthentication', session: 's-2', previous: 's-1' },
    { ...sent, ...done, type: 'action', session: 'a-1' },
  ],
  [{ ...sent, ...done, type: 'reauthentication', session: 'a-2', previous: 'a-1' }],
  // The parent ends, for cause or not.
  [
    { type: 'revocation', session: 's-1', outcome: 'success', lateMs: 0 },
    { ...pays, session: 'g-1' },
  ],
  [
    { type: 'logout', session: 's-1', outcome: 'success' },
    { ...sent, ...pays, session: 'a-1' },
  ],
  // An operator's word, and perhaps another.
  [{ type: 'feedback', initiator: 'admin', outcome: 'success', gapMs: minutes(3) }],
  [
    { type: 'feedback', initiator: 'admin', outcome: 'success', verdict: 'confirmed' },
    { type: 'feedback', initiator: 'admin', outcome: 'success', verdict: 'dismissed' },
  ],
]

/** An event by itself, or a plot. */
export const deed = fc.oneof(
  { weight: 4, arbitrary: arbitraryEvent.map((drawn) => [drawn]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...plots), fc.array(arbitraryEvent, { minLength: 3, maxLength: 3 }))
      .map(([plot, drawn]) => plot.map((part, n) => inTurn({ ...drawn[n]!, ...part }, drawn[0]!))),
  },
)

/** All of a plot befalls one subject. */
const inTurn = (drawn: Drawn, { subject }: Drawn): Drawn => ({ ...drawn, subject })
