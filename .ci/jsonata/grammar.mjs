// Expressions by chance, from a seed: what definitions have in them, and what they should not have.

/** A generator of numbers below 1: mulberry32. */
function randomness(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const document = {
  id: "order-7",
  total: 129.95,
  count: 3,
  none: null,
  yes: true,
  no: false,
  empty: [],
  blank: {},
  text: "",
  when: "2026-03-05T07:08:09.010Z",
  items: [
    { sku: "a1", price: 10.5, quantity: 2, tags: ["new", "red"], size: { w: 3, h: 4 } },
    { sku: "b2", price: 2.25, quantity: 10, tags: [], size: { w: 1, h: 2 } },
    { sku: "c3", price: 99, quantity: 1, tags: ["old"] },
    { sku: "a1", price: 7, quantity: 0.5, tags: "single", size: null },
  ],
  matrix: [[1, 2], [3, [4, 5]], []],
  customer: { name: "Ann Lee", "e-mail": "ann@example.com", address: { city: "Köln", zip: "01067" } },
  words: ["pear", "Apple", "fig", "apple", "éclair"],
  numbers: [3, 1, 2.5, -4, 0, 10],
  mixed: [1, "1", true, null, [], {}, 2],
};

const variables = {
  n: 7,
  x: -2.5,
  list: [1, 2, 3],
  one: [5],
  obj: { a: 1, b: { c: "d" } },
  s: "Hello, World",
  z: null,
  t: true,
};

const numbers = [
  "0",
  "1",
  "2",
  "3",
  "-1",
  "0.5",
  "1.5",
  "2.5",
  "-0.5",
  "-2.5",
  "12.345",
  "1e3",
  "1e-7",
  "1e21",
  "123456789",
  "1234567890123",
  "0.1",
  "1767225600000",
  "255",
  "36",
  "100.005",
  "-7",
  "1/3",
  "10",
  "16",
  "1e100",
];
const strings = [
  "",
  "a",
  "abc",
  "Hello, World",
  "  spaced   out ",
  "12",
  "1.50",
  "-3",
  "0x1F",
  "abc,def,,ghi",
  "éclair",
  "日本語",
  "😀 smile",
  "true",
  "null",
  "2026-01-02",
  "2026-01-02T03:04:05Z",
  "2026-01-02T03:04:05.678+01:00",
  "13:45",
  "5/3/2026",
  "a b&c=d/ü?",
  "250%",
  "%zz",
  "%C3%BC",
  "aGVsbG8=",
  '{\\"a\\": [1, 2]}',
  "one-two",
  "AbC",
  "a\\nb",
  "\\u00e9",
  "x$1",
  "III",
  "twelve",
  "1,234",
  "undefined",
];
const paths = [
  "id",
  "total",
  "count",
  "none",
  "yes",
  "no",
  "empty",
  "blank",
  "text",
  "when",
  "items",
  "items.sku",
  "items.price",
  "items.tags",
  "items.size.w",
  "items[0]",
  "items[-1].sku",
  "items[price > 5].sku",
  "items[sku = 'a1']",
  "items[tags]",
  "matrix",
  "matrix[0]",
  "matrix[1][1]",
  "customer",
  "customer.name",
  "customer.`e-mail`",
  "customer.*",
  "**.city",
  "words",
  "numbers",
  "mixed",
  "missing",
  "items.missing",
  "missing.deep",
  "items[7]",
  "words[0..1]",
  "numbers[$ > 1]",
  "items.(price * quantity)",
  "items.size",
  "*",
  "items[size.w = 3].tags[0]",
  "matrix.$",
  "numbers[]",
  "items[0].sku[]",
  "items^(price)",
  "items^(>price).sku",
  "items^(sku, >price).price",
  "words^($)",
  "items{sku: $sum(price)}",
  "items.{'k': sku}",
  "items@$i.($i.sku)",
  "items#$p.($p)",
  "items.size.%.sku",
  "items[[0, 2]].sku",
  "items.tags.$uppercase($)",
  "customer.address.zip",
];
const pictures = [
  "[Y]-[M]-[D]",
  "[Y0001]-[M01]-[D01]",
  "[H]:[m]",
  "[H01]:[m01]:[s01]",
  "[D1o] [MNn] [Y]",
  "[FNn], [D] [MNn,3-3] [Y0001]",
  "[h]:[m01] [P]",
  "[Y0001]",
  "[M]/[D]/[Y]",
  "[d]",
  "[W]",
  "[w]",
  "[X]",
  "[Y,2-2]",
  "[Z]",
  "[z]",
  "[Z0101t]",
  "[f001]",
  "[Yi]",
  "[YI]",
  "[Dw]",
  "[DWwo]",
  "[MA]",
  "[E]",
  "[C]",
  "[[x]]",
  "[q]",
  "[Y",
  "",
  "[s].[f]",
  "[Y0001][M01][D01]",
  "[Y]-[M01]",
  "[Y9,999,*]",
  "[F0]",
  "[F1]",
  "[PN]",
  "[x]",
  "[H]",
  "[m]",
  "[s]",
  "[D]",
  "[M]",
];
const numberPictures = [
  "0",
  "#,##0.00",
  "00.0",
  "##0%",
  "0‰",
  "#",
  "0.###",
  "#,##,##0",
  "",
  "0.0.0",
  "000;(000)",
  "prefix0suffix",
  "#0,0",
];
const integerPictures = [
  "0",
  "000",
  "#,##0",
  "I",
  "i",
  "A",
  "a",
  "w",
  "W",
  "Ww",
  "1;o",
  "w;o",
  "#",
  "",
  "٠",
  "0,000",
  "Α",
  "##1",
];
const regexes = [
  "/a/",
  "/[aeiou]/i",
  "/(\\w+), (\\w+)/",
  "/\\d+/",
  "/l+/",
  "/^$/",
  "/(a)|(b)/",
  "/\\s+/",
  "/x*/",
  "/./",
  "/^./m",
  "/[^\\w]/",
];
const replacements = [
  "'-'",
  "'$1'",
  "'$$'",
  "'$2 $1'",
  "'$0'",
  "''",
  "function($m) { $m.match & '!' }",
  "'$9'",
  "'$10'",
  "'$x'",
];

/** The arguments that functions are given; `a`, `n`, `s`, `o`, `f`… say what kind is the usual one. */
const functions = {
  string: "x",
  length: "s",
  substring: "snn",
  substringBefore: "ss",
  substringAfter: "ss",
  uppercase: "s",
  lowercase: "s",
  trim: "s",
  pad: "sks",
  contains: "sr",
  split: "srn",
  join: "ws",
  match: "sR",
  replace: "srp",
  base64encode: "s",
  base64decode: "s",
  encodeUrlComponent: "s",
  encodeUrl: "s",
  decodeUrlComponent: "s",
  decodeUrl: "s",
  number: "x",
  abs: "n",
  floor: "n",
  ceil: "n",
  round: "nn",
  power: "nn",
  sqrt: "n",
  formatNumber: "nN",
  formatBase: "nn",
  formatInteger: "nI",
  parseInteger: "sI",
  sum: "m",
  max: "m",
  min: "m",
  average: "m",
  boolean: "x",
  not: "x",
  exists: "x",
  count: "a",
  append: "aa",
  sort: "af",
  reverse: "a",
  distinct: "a",
  zip: "aa",
  keys: "o",
  lookup: "os",
  spread: "o",
  merge: "a",
  sift: "of",
  each: "of",
  error: "s",
  assert: "bs",
  type: "x",
  map: "af",
  filter: "af",
  reduce: "aF",
  single: "af",
  fromMillis: "nPz",
  toMillis: "sP",
  now: "Pz",
  millis: "",
};

const lambdas = [
  "function($v) { $v }",
  "function($v) { $v > 1 }",
  "function($v, $i) { $i }",
  "function($v, $i, $a) { $count($a) }",
  "function($l, $r) { $l > $r }",
  "$string",
  "$uppercase",
  "$sum",
  "λ($v) { $v.price }",
  "function($a, $b) { $a + $b }",
  "function($x) { $type($x) }",
  "$not",
  "$exists",
  "$boolean",
  "$substring(?, 0, 2)",
  "function($k) { [$k, $k] }",
  "/a/",
  "function() { 1 }",
  "function($v)<n:n> { $v * 2 }",
  "function($v)<s-:s> { $v & '!' }",
];

const steps = ["[0]", "[]", ".*", ".sku", "^($)", "{'k': $}", ".($)", "[$ = 1]", ".[$]"];
const transforms = [
  "|$|{'z': 1}|",
  "|items|{'a': $}, ['sku']|",
  "|customer|{}|",
  "|a|{'z': 1}, ['sku']|",
  "|$|{'a': 2}, 'id'|",
];

/** Expressions with what they read, `count` of them. */
export function* expressions(seed, count) {
  const random = randomness(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const chance = (part) => random() < part;
  const quoted = (text) => `"${text}"`;
  const path = () => `$states.input.${pick(paths)}`;
  const timezone = () => pick(["'+0100'", "'-0530'", "'Z'", "'+1'", "''", "$states.input.missing"]);

  function value(depth) {
    const kind = Math.floor(random() * 16);
    if (depth <= 0 || kind < 3)
      return pick([() => pick(numbers), () => quoted(pick(strings)), path, () => `$${pick(Object.keys(variables))}`])();
    switch (kind) {
      case 3:
        return path();
      case 4:
        return `[${list(depth)}]`;
      case 5:
        return `{${chance(0.8) ? `"a": ${value(depth - 1)}` : ""}}`;
      case 6:
        return `(${value(depth - 1)} ${pick(["+", "-", "*", "/", "%", "&"])} ${value(depth - 1)})`;
      case 7:
        return `(${value(depth - 1)} ${pick(["=", "!=", "<", "<=", ">", ">=", "and", "or", "in"])} ${value(depth - 1)})`;
      case 8:
        return `(${value(depth - 1)} ? ${value(depth - 1)}${chance(0.8) ? ` : ${value(depth - 1)}` : ""})`;
      case 9:
        return `($v := ${value(depth - 1)}; ${pick(["$v", "[$v, $v]", "$v.*", "$v[0]", "$v[-1]", "$type($v)", "$v & ''"])})`;
      case 10:
        return `[${pick(["0", "1", "-2", "$n"])}..${pick(["0", "3", "$n", "2.5", "-1"])}]`;
      case 11:
        return `${value(depth - 1)}${chance(0.1) ? `[${value(depth - 1)}]` : pick(steps)}`;
      case 12:
        return `${value(depth - 1)} ~> $${pick(Object.keys(functions))}(${chance(0.3) ? value(depth - 1) : ""})`;
      case 13:
        return `${value(depth - 1)} ~> ${pick(transforms)}`;
      default:
        return call(depth);
    }
  }

  const list = (depth) => Array.from({ length: Math.floor(random() * 4) }, () => value(depth - 1)).join(", ");

  /** An argument of the usual kind; one time in eight of any kind. */
  function argument(kind, depth) {
    if (chance(0.12)) return value(depth - 1);
    switch (kind) {
      case "n":
        return chance(0.8) ? pick(numbers) : pick(["$n", "$x", "$states.input.total", "$states.input.missing"]);
      case "k":
        return pick(["5", "-5", "0", "8.5", "-20", "$n", "1"]);
      case "s":
        return chance(0.8)
          ? quoted(pick(strings))
          : pick(["$s", "$states.input.id", "$states.input.when", "$states.input.missing"]);
      case "a":
        return pick([
          "$list",
          "$one",
          "$states.input.items",
          "$states.input.words",
          "$states.input.mixed",
          "$states.input.matrix",
          `[${list(depth)}]`,
          "$states.input.missing",
        ]);
      case "m":
        return pick([
          "$list",
          "$states.input.numbers",
          "$states.input.items.price",
          "[]",
          "1",
          "['a']",
          "$states.input.missing",
          "[0.1, 0.2]",
        ]);
      case "w":
        return pick(["$states.input.words", "['a', 'b']", "'a'", "[]", "$states.input.items.sku", "[1]"]);
      case "o":
        return pick([
          "$obj",
          "$states.input.customer",
          "$states.input.items",
          "{}",
          "{'a': 1}",
          "$states.input.items[0]",
        ]);
      case "r":
        return chance(0.5) ? pick(regexes) : quoted(pick(strings));
      case "R":
        return pick(regexes);
      case "p":
        return pick(replacements);
      case "P":
        return quoted(pick(pictures));
      case "N":
        return quoted(pick(numberPictures));
      case "I":
        return quoted(pick(integerPictures));
      case "z":
        return timezone();
      case "b":
        return pick(["true", "false", "1 = 1"]);
      case "f":
        return pick(lambdas);
      case "F":
        return pick(["function($a, $b) { $a + $b }", "function($a, $b) { $a & $b }", "$append", "function($a) { $a }"]);
      default:
        return value(depth - 1);
    }
  }

  function call(depth) {
    const name = pick(Object.keys(functions));
    const kinds = [...functions[name]];
    if (kinds.length > 1 && chance(0.35)) kinds.pop();
    const given = kinds.map((kind) => argument(kind, depth));
    if (given.length && chance(0.08)) return `(${given.shift()}).$${name}(${given.join(", ")})`;
    if (chance(0.03)) given.push(value(depth - 1));
    return `$${name}(${given.join(", ")})`;
  }

  for (let at = 0; at < count; at++) {
    yield {
      name: `fuzz ${seed}:${at}`,
      expression: chance(0.6) ? call(2) : value(3),
      input: document,
      bindings: variables,
    };
  }
}
