/** Pages of `docs/reference`, as Markdown. */

const notice = '<!-- Generated from the code by `npm run docs`. -->'

export const page = (title: string, intro: string, ...parts: readonly string[]): string =>
  `${[notice, `# ${title}`, intro, ...parts].join('\n\n')}\n`

export const section = (title: string, ...parts: readonly string[]): string =>
  [`## ${title}`, ...parts.filter((part) => part !== '')].join('\n\n')

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

export const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

export const codes = (texts: readonly string[]): string => texts.map(code).join(', ')
