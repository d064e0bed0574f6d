/**
 * How the tool prints a text that comes from elsewhere, such as the name of a key: as one short JSON string. A name may hold
 * escape sequences that move the cursor, characters that turn the text around or that nobody sees, and line breaks.
 */

/** Control, format and unassigned characters, line separators, and whatever else is shown as nothing or as a blank. */
export const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** Marks on anything but a letter or a digit, and those beyond the second on one: Thai and Vietnamese need two. */
const stacked = /(?<![\p{L}\p{N}\p{M}])\p{M}+|(?<=\p{M}{2})\p{M}+/gu

/** The text on one line, with nothing that acts on a terminal, cut at so many characters. */
export const cleaned = (text: string, longest: number): string => {
  const seen = text
    // This is enough to recognise a key, and a server may send megabytes.
    .slice(0, 1_000)
    .replaceAll(/[\t\n\v\f\r\u0085\u2028\u2029]/g, " ")
    .replaceAll(unseen, "")
    .replaceAll(stacked, "")
    .replaceAll(/\s+/g, " ")
  const characters = [...seen]
  const isCut = characters.length > longest || text.length > 1_000
  return isCut ? `${characters.slice(0, longest - 1).join("")}…` : seen
}

/** The text in quotes and on one line, cut at 60 characters, or at so many. */
export const printable = (text: string, longest = 60): string => JSON.stringify(cleaned(text, longest))
