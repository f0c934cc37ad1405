import { InvalidArgumentError } from 'commander'

/**
 * Parses the name of a tenant. An empty one, as of a variable that is not set, is nobody's wish.
 * @param otherwise what leaving the option out means
 */
export const tenantOr =
  (otherwise: string) =>
  (text: string): string => {
    if (text.trim() !== '') return text
    throw new InvalidArgumentError(
      `Expected the name of a tenant. Leave --tenant out for the default (${otherwise}).`,
    )
  }
