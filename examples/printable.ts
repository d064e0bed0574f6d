/**
 * A text from elsewhere, such as the name of a key, in quotes and on one line of at most 60 characters. A name may hold escape
 * sequences that move the cursor, characters that turn the text around or that nobody sees, marks that pile up, and line breaks.
 */
export const printable = (text: string): string => {
  const characters = [
    ...text
      .replaceAll(/\s+/g, " ")
      .replaceAll(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, "")
      .replaceAll(/(?<=\p{M}{2})\p{M}+/gu, "")
  ]
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : characters.join(""))
}
