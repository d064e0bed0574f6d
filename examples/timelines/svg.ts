/**
 * How a timeline looks: lanes of attempts and waits, lines that count permits, and bars, over one axis of time. The text of
 * a picture depends on nothing but what it is given, and is the same byte for byte wherever it is drawn.
 */

const width = 760
const left = 176
const right = width - 24
const top = 66

/** An axis from zero to `to`, with a tick at each multiple of `every`. */
export interface Axis {
  readonly to: number
  readonly every: number
  readonly label: (value: number) => string
  readonly unit: string
}

/** The colour, which stands for a policy or a reason. */
export type Tone = "one" | "other" | "both"

export type Mark =
  /** An attempt or a permit. Those of the same moment are stacked. */
  | { readonly _tag: "Dot"; readonly at: number; readonly tone?: Tone }
  | { readonly _tag: "Wait"; readonly from: number; readonly to: number; readonly label: string; readonly tone?: Tone }
  /** A time in which nothing is sent. */
  | { readonly _tag: "Closed"; readonly from: number; readonly to: number; readonly label: string }
  /** A time with a label, below the dots. */
  | { readonly _tag: "Span"; readonly from: number; readonly to: number; readonly label: string }
  | { readonly _tag: "End"; readonly at: number; readonly label: string }

export interface Lane {
  readonly name: string
  readonly note: string
  readonly marks: ReadonlyArray<Mark>
}

export interface Frame {
  readonly title: string
  /** What the picture shows, for its subtitle and for screen readers. */
  readonly description: string
  readonly legend: ReadonlyArray<readonly [swatch: "dot" | "wait" | "line" | "bar", tone: Tone | "end", text: string]>
}

const number = (value: number) => String(Number(value.toFixed(1)))

export const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const text = (x: number, y: number, content: string, classes = "", anchor = "start") =>
  `<text x="${number(x)}" y="${number(y)}"${classes === "" ? "" : ` class="${classes}"`}${
    anchor === "start" ? "" : ` text-anchor="${anchor}"`
  }>${escaped(content)}</text>`

const dot = (x: number, y: number, tone: Tone = "one") =>
  `<circle cx="${number(x)}" cy="${number(y)}" r="4" class="${tone}"/>`

const cross = (x: number, y: number) => `<path d="M${number(x - 4)} ${number(y - 4)}l8 8m0-8l-8 8" class="cross"/>`

const rect = (x: number, y: number, w: number, h: number, classes: string) =>
  `<rect x="${number(x)}" y="${number(y)}" width="${number(w)}" height="${number(h)}" class="${classes}"/>`

const line = (x1: number, y1: number, x2: number, y2: number, classes: string) =>
  `<path d="M${number(x1)} ${number(y1)}L${number(x2)} ${number(y2)}" class="${classes}"/>`

// Colours and a background of its own: a page may be light while the reader's system is dark.
const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:#1f2328}
.t{font-size:15px;font-weight:600}.m{fill:#59636e}.s{font-size:11px}
.ground{fill:#fff;stroke:#d1d9e0}.grid{stroke:#e4e9ee}.axis{stroke:#818b98}
.one{fill:#0969da}.other{fill:#bc4c00}.both{fill:#1a7f37}
.wone{fill:#bfdcff}.wother{fill:#ffd2b0}.wboth{fill:#b9e6c4}
.lone,.lother,.lboth{fill:none;stroke-width:2}.lone{stroke:#0969da;stroke-dasharray:5 4}.lother{stroke:#bc4c00;stroke-dasharray:2 3}.lboth{stroke:#1a7f37;stroke-width:3.5}
.cross{stroke:#cf222e;stroke-width:2.2;fill:none}.end{fill:#cf222e}
.closed{fill:#ffe3e3;stroke:#cf222e;stroke-dasharray:3 3}.span{stroke:#59636e;fill:none}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.ground{fill:#0d1117;stroke:#3d444d}.grid{stroke:#262c36}.axis{stroke:#656c76}
.one{fill:#58a6ff}.other{fill:#f0883e}.both{fill:#3fb950}.wone{fill:#1d3f6e}.wother{fill:#5f3411}.wboth{fill:#1b4a28}
.lone{stroke:#58a6ff}.lother{stroke:#f0883e}.lboth{stroke:#3fb950}.cross{stroke:#ff7b72}.end{fill:#ff7b72}.closed{fill:#3c1618;stroke:#ff7b72}.span{stroke:#9198a1}}
</style>`

const swatch = (x: number, y: number, kind: Frame["legend"][number][0], tone: Tone | "end") => {
  if (tone === "end") return cross(x + 6, y)
  if (kind === "dot") return dot(x + 6, y, tone)
  if (kind === "line") return line(x - 4, y, x + 16, y, `l${tone}`)
  return rect(x - 2, y - 5, 16, 10, kind === "wait" ? `w${tone}` : tone)
}

/** About the width of the text in any of the fonts. */
const widthOf = (content: string) => content.length * 6.7

/** The frame of a picture: background, heading and legend. */
const framed = ({ description, legend, title }: Frame, bottom: number, drawn: ReadonlyArray<string>) => {
  const height = bottom + 62
  let x = left
  const meanings = legend.flatMap(([kind, tone, meaning]) => {
    const at = x
    x += 40 + widthOf(meaning)
    return [swatch(at, height - 18, kind, tone), text(at + 20, height - 14, meaning, "m")]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${number(height)}" width="${width}" height="${number(height)}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    style,
    `<rect x=".5" y=".5" width="${width - 1}" height="${number(height - 1)}" rx="8" class="ground"/>`,
    text(20, 28, title, "t"),
    text(20, 47, description, "m"),
    ...drawn,
    ...meanings,
    "</svg>",
    ""
  ].join("\n")
}

const scale = (axis: Axis) => (value: number) => left + (value / axis.to) * (right - left)

const ticksOf = ({ every, to }: Axis) => Array.from({ length: Math.floor(to / every) + 1 }, (_, index) => index * every)

/** The time axis below a drawing, and the grid lines behind it. */
const timeAxis = (axis: Axis, bottom: number) => {
  const x = scale(axis)
  return [
    ...ticksOf(axis).flatMap((value) => [
      line(x(value), top, x(value), bottom + 4, "grid"),
      text(x(value), bottom + 18, axis.label(value), "m s", "middle")
    ]),
    line(left, bottom, right, bottom, "axis"),
    text(left - 12, bottom + 18, axis.unit, "m s", "end")
  ]
}

const pile = 9

/** Lanes of attempts, permits and waits. A lane is as high as its highest stack of dots. */
export const lanes = (frame: Frame, axis: Axis, all: ReadonlyArray<Lane>): string => {
  const x = scale(axis)
  let y = top
  const drawn = all.flatMap(({ marks, name, note }) => {
    const piled = new Map<number, number>()
    const dots = marks.flatMap((mark) => {
      if (mark._tag !== "Dot") return []
      const below = piled.get(mark.at) ?? 0
      piled.set(mark.at, below + 1)
      return [{ ...mark, below }]
    })
    const height = Math.max(46, 36 + Math.max(0, ...piled.values()) * pile) + (marks.some(isSpan) ? 14 : 0)
    const base = y + height - (marks.some(isSpan) ? 28 : 14)
    y += height
    const behind = marks.flatMap((mark) => {
      switch (mark._tag) {
        case "Wait": {
          const [from, to] = [x(mark.from), x(mark.to)]
          return [
            rect(from, base - 5, to - from, 10, `w${mark.tone ?? "one"}`),
            ...(to - from > widthOf(mark.label) ? [text((from + to) / 2, base - 9, mark.label, "m s", "middle")] : [])
          ]
        }
        case "Closed": {
          const [from, to] = [x(mark.from), x(mark.to)]
          return [
            rect(from, base - 26, to - from, 36, "closed"),
            text((from + to) / 2, base - 10, mark.label, "s", "middle")
          ]
        }
        case "Span": {
          const [from, to] = [x(mark.from), x(mark.to)]
          return [
            `<path d="M${number(from)} ${number(base + 8)}v6H${number(to)}v-6" class="span"/>`,
            text((from + to) / 2, base + 26, mark.label, "m s", "middle")
          ]
        }
        case "End":
          return [cross(x(mark.at) + 14, base), text(x(mark.at) + 24, base + 4, mark.label, "s")]
        default:
          return []
      }
    })
    return [
      text(20, base - 4, name),
      text(20, base + 11, note, "m s"),
      line(left, base, right, base, "grid"),
      ...behind,
      ...dots.map(({ at, below, tone }) => dot(x(at), base - below * pile, tone))
    ]
  })
  const bottom = y + 6
  return framed(frame, bottom, [...timeAxis(axis, bottom), ...drawn])
}

const isSpan = (mark: Mark) => mark._tag === "Span"

export interface Line {
  readonly tone: Tone
  /** The count at each moment. */
  readonly points: ReadonlyArray<readonly [at: number, count: number]>
}

/** A label within a picture of lines. */
export interface Note {
  readonly at: number
  readonly count: number
  readonly text: string
}

const plotHeight = 220

const countAxis = (counts: Axis, y: (count: number) => number, height: number) =>
  ticksOf(counts)
    .flatMap((count) => [
      line(left, y(count), right, y(count), "grid"),
      text(left - 12, y(count) + 4, counts.label(count), "m s", "end")
    ])
    .concat(text(20, y(counts.to) + height / 2, counts.unit, "m"))

/** Lines that count permits. */
export const lines = (
  frame: Frame,
  axis: Axis,
  counts: Axis,
  all: ReadonlyArray<Line>,
  notes: ReadonlyArray<Note>
): string => {
  const x = scale(axis)
  const y = (count: number) => top + plotHeight - (count / counts.to) * plotHeight
  const bottom = top + plotHeight
  return framed(frame, bottom, [
    ...timeAxis(axis, bottom),
    ...countAxis(counts, y, plotHeight),
    ...all.map(
      ({ points, tone }) =>
        `<path d="M${points.map(([at, count]) => `${number(x(at))} ${number(y(count))}`).join("L")}" class="l${tone}"/>`
    ),
    ...notes.map(({ at, count, text: words }) => text(x(at), y(count), words, "s"))
  ])
}

export interface Panel {
  readonly name: string
  readonly note: string
  /** For each slot of time, the stacked counts of each tone. */
  readonly slots: ReadonlyArray<ReadonlyArray<readonly [tone: Tone, count: number]>>
}

const panelHeight = 104

/** Bars that count attempts. Each policy has a panel, and all have the same scale. */
export const bars = (frame: Frame, axis: Axis, most: number, all: ReadonlyArray<Panel>): string => {
  const x = scale(axis)
  const slotWidth = (slots: number) => (right - left) / slots
  const bottom = top + all.length * panelHeight
  const drawn = all.flatMap(({ name, note, slots }, panel) => {
    const base = top + (panel + 1) * panelHeight
    return [
      text(20, base - 44, name),
      text(20, base - 28, note, "m s"),
      line(left, base, right, base, "axis"),
      ...slots.flatMap((parts, slot) => {
        const from = x((slot * axis.to) / slots.length) + 6
        let height = 0
        const stacked = parts.map(([tone, count]) => {
          const part = (count / most) * (panelHeight - 34)
          height += part
          return rect(from, base - height, slotWidth(slots.length) - 12, part, tone)
        })
        const total = parts.reduce((sum, [, count]) => sum + count, 0)
        const label = text(from + slotWidth(slots.length) / 2 - 6, base - height - 5, String(total), "m s", "middle")
        return total === 0 ? [] : [...stacked, label]
      })
    ]
  })
  return framed(frame, bottom, [...timeAxis(axis, bottom), ...drawn])
}
