/** `holdpoint dlq ls`: how many letters of which kind, since when, and one of each to look at. */
import { foreignCodeLines } from './codes.ts'
import { placeText } from './letter.ts'
import { type LettersOptions, readLetters } from './letters.ts'
import { lookGroup } from './read-spans.ts'
import { type Named, Tally } from './tally.ts'
import { aligned, escaped, timeText } from './text.ts'

/** Letters of one topic that were refused at the same stage for the same reason. */
export interface Group extends Named {
  count: number
  /** Of these, how many `redrive` has sent back. */
  sentBack: number
  /** When the first and last of them were refused, ms since the epoch. */
  firstAt: number
  lastAt: number
  /** The last of them, as `holdpoint dlq show` takes it. */
  example: string
}

/** Groups in the order of their last letter, the newest at the end. */
export async function listLetters(
  options: Pick<LettersOptions, 'log' | 'selection' | 'startProgress'>,
): Promise<readonly Group[]> {
  const tally = new Tally<Group>((named) => ({
    ...named,
    count: 0,
    sentBack: 0,
    firstAt: Number.POSITIVE_INFINITY,
    lastAt: Number.NEGATIVE_INFINITY,
    example: '',
  }))
  await readLetters({
    ...options,
    groupId: lookGroup(),
    onLetters: async (letters, sentBack) => {
      for (const letter of letters) {
        const { timestamp, offset } = letter.record
        const group = tally.of(letter)
        group.count += 1
        if (sentBack.has(offset)) group.sentBack += 1
        group.firstAt = Math.min(group.firstAt, timestamp)
        if (timestamp < group.lastAt) continue
        group.lastAt = timestamp
        group.example = placeText(letter.at)
      }
      return 'more'
    },
  })
  return [...tally.groups].sort((a, b) => a.lastAt - b.lastAt)
}

const heads = ['TOPIC', 'STAGE', 'CODE', 'COUNT', 'SENT BACK', 'FIRST', 'LAST', 'FOR EXAMPLE']

/** A table, or the sentence that there is nothing of the `code` that was asked for. */
export function groupLines(groups: readonly Group[], code?: string): readonly string[] {
  if (groups.length === 0) return ['no dead letters', ...foreignCodeLines(code)]
  return aligned([
    heads,
    ...groups.map(({ topic, stage, code, count, sentBack, firstAt, lastAt, example }) => [
      topic,
      escaped(stage),
      escaped(code),
      String(count),
      String(sentBack),
      timeText(firstAt),
      timeText(lastAt),
      example,
    ]),
  ])
}

export const groupToJson = ({ firstAt, lastAt, ...group }: Group) => ({
  ...group,
  first: timeText(firstAt),
  last: timeText(lastAt),
})
