// The kinds of differences from jsonata 2.0.6 that are known. Each stands in local/states-language/src/docs/jsonata.md, with
// its reason.

const has = (pattern) => (text) => pattern.test(text);
const fails = (answer) => "code" in answer || "refused" in answer || !("value" in answer);
const holds = (answer, pattern) => pattern.test(JSON.stringify(answer.value) ?? "");

/** Name, and whether an expression's two answers are of this kind; the first that fits counts. */
const kinds = [
  ["AWS has no $eval", has(/\$eval\b/)],
  [
    "AWS refuses names without $states.input when a state machine is made",
    (_, ours) => /UNSUPPORTED_JSONATA/.test(ours.refused),
  ],
  ["numbers beyond 2^53", has(/1e21|1e100/)],
  ["AWS's limit of memory", (_, ours) => /memory limit exceeded/.test(ours.message)],
  ["half of a surrogate pair", (_, ours) => /line is not valid/.test(ours.refused)],
  ["both fail, with another code or at another time", (_, ours, theirs) => fails(ours) && fails(theirs)],
  ["limits of time and depth", (_, ours, theirs) => /D101[12]/.test(ours.code) || theirs.code === "U1001"],
  ["$base64encode and $base64decode: UTF-8, and Base64 alone", has(/\$base64(en|de)code\b/)],
  ["numbers of 16 digits as text", (_, ours) => holds(ours, /\d{16}/)],
  ["a timezone that is none", (_, ours, theirs) => /timezone of/.test(ours.message) || holds(theirs, /NaN/)],
  ["NaN is null in JavaScript's JSON, and no JSON here", (_, ours, theirs) => theirs.value === null && fails(ours)],
  ["regular expressions that look around or back", (_, ours) => /Invalid regex/.test(ours.message)],
  ["JavaScript's own errors", (_, ours, theirs) => theirs.code === "none"],
  ["a text as pattern, and a function as its replacement", (_, ours) => /replacement is a function/.test(ours.message)],
  ["functions among values", (text, _, theirs) => /function|\$\w+\b(?!\()|λ/.test(text) && holds(theirs, /null/)],
  ["$parseInteger of what does not match", has(/\$parseInteger\b/)],
  ["$toMillis with a name that is none", (_, ours) => /unrecognized (month name|day name|am\/pm marker)/.test(ours.message)],
  ["$formatInteger beyond 2^53", has(/\$formatInteger\b/)],
  ["$round with a precision that is not whole, or very large", has(/\$round\b/)],
  ["$split with a limit that is a fraction or beyond 2^32", has(/\$split\(/)],
  ["$replace with one argument", has(/\$replace\(/)],
  ["types of what is left of a function with some arguments", has(/\(\?,/)],
  ["a group behind a negative number", has(/-[\d.]+\{/)],
  ["$formatNumber with unusual groups", has(/\$formatNumber\(/)],
  ["a group, sort or transform behind ~>", has(/~>/)],
];

/** The kind of this difference, or undefined where it is new. */
export function kindOf(expression, ours, theirs) {
  return kinds.find(([, fits]) => fits(expression, ours, theirs))?.[0];
}
