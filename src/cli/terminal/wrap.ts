/** A word with the blanks before it. A quoted name is one word: if it were broken, its rest could look like a line of its own. */
const words = / *(?:"(?:[^"\\]|\\.)*"|[^ ])+/g

/** Breaks a line between words, where a terminal would break it inside of one. Each further line gets this indentation. */
export const wrap = (text: string, columns: number, indent = 0): string => {
  if (indent + text.length <= columns) return text
  const lines: Array<string> = []
  let line = ""
  for (const word of text.match(words) ?? []) {
    if (line !== "" && indent + line.length + word.length > columns) {
      lines.push(line)
      line = word.trimStart()
    } else line += word
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`)
}
