/**
 * Text of others, fit for one line of a terminal: what would begin a line, move the cursor, change colours or
 * turn the order of letters shows as U+FFFD.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\ufffd')
