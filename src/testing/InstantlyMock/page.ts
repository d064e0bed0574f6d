/** One page of a list. */

interface Options<A> {
  /** The most items on the page. */
  readonly limit: number
  /** The cursor of the page before. */
  readonly startingAfter: string | undefined
  readonly cursorOnLastPage: boolean
  /** Which items the list shows. A cursor may be the id of an item that it no longer shows. */
  readonly isListed: (item: A) => boolean
  readonly encode: (item: A) => unknown
}

export const of = <A extends { readonly id: string }>(all: ReadonlyArray<A>, options: Options<A>): unknown => {
  const { cursorOnLastPage, encode, isListed, limit, startingAfter } = options
  const cursor = startingAfter === undefined ? -1 : all.findIndex(({ id }) => id === startingAfter)
  // Nothing comes after an id that was never in the list.
  const behind = startingAfter !== undefined && cursor === -1 ? [] : all.slice(cursor + 1)
  const listed = behind.filter(isListed)
  const items = listed.slice(0, limit)
  const last = items.at(-1)
  const isLastPage = listed.length <= limit
  return {
    items: items.map(encode),
    ...(last === undefined || (isLastPage && !cursorOnLastPage) ? {} : { next_starting_after: last.id })
  }
}
