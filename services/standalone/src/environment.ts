/** The environment variables of the process, handed on by `main.ts`: nothing below it reads them itself. */
export type Environment = Readonly<Record<string, string | undefined>>
