/** Why the body of a success cannot be read, by path and expected type: a `ParseError` itself holds the whole body. */
import * as Arr from "effect/Array"
import type * as ParseResult from "effect/ParseResult"
import * as SchemaAST from "effect/SchemaAST"

const at = (path: ReadonlyArray<PropertyKey>, problem: string) =>
  `${path.length === 0 ? "it" : path.map(String).join(".")} ${problem}`

/** A name that the schema has, or a place in a list. Any other comes from the body, and is not shown. */
const nameOf = (name: PropertyKey, parent: SchemaAST.AST): PropertyKey =>
  typeof name === "number" ||
  (parent._tag === "TypeLiteral" && parent.propertySignatures.some((property) => property.name === name))
    ? name
    : "*"

const problemsOf = (
  issue: ParseResult.ParseIssue,
  path: ReadonlyArray<PropertyKey>,
  parent: SchemaAST.AST
): ReadonlyArray<string> => {
  switch (issue._tag) {
    case "Pointer":
      return problemsOf(issue.issue, [...path, ...Arr.ensure(issue.path).map((name) => nameOf(name, parent))], parent)
    case "Composite":
      // Each member of a union has a problem. It is enough to report the union.
      if (issue.ast._tag === "Union") return [at(path, `is not ${issue.ast}`)]
      return Arr.ensure(issue.issues).flatMap((inner) => problemsOf(inner, path, issue.ast))
    case "Refinement":
      return issue.kind === "From" ? problemsOf(issue.issue, path, parent) : [at(path, `is not ${issue.ast}`)]
    case "Transformation":
      return issue.kind === "Transformation"
        ? [at(path, `is not ${issue.ast.to}`)]
        : problemsOf(issue.issue, path, parent)
    case "Missing":
      return [at(path, "is missing")]
    case "Unexpected":
      return [at(path, "is not expected")]
    case "Type":
    case "Forbidden":
      return [at(path, `is not ${issue.ast}`)]
  }
}

const most = 3

export const reasonOf = ({ issue }: ParseResult.ParseError): string => {
  if (issue.actual === undefined) return "it is empty"
  const problems = [...new Set(problemsOf(issue, [], SchemaAST.neverKeyword))]
  const rest = problems.length > most ? `, and ${problems.length - most} more` : ""
  return `${problems.slice(0, most).join(", ")}${rest}`
}
