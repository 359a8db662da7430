// Compares the JSONata of local/states-language with jsonata 2.0.6, the version that AWS names: `just jsonata`.
//
//     node compare.mjs suite FOLDER        the cases of jsonata's own test suite, test/test-suite
//     node compare.mjs fuzz SEED COUNT     so many expressions of our own grammar
//
// Both get the same expression in the same form: as a state has it, where the document is `$states.input`, the bindings are
// variables, and the clock stands. Differences are printed as JSON, one a line. The exit code is 1 if one is new: not of the
// kinds that known.mjs names.
import { readFileSync, readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expressions } from "./grammar.mjs";
import { kindOf } from "./known.mjs";

const require = createRequire(pathToFileURL(`${process.env.NODE_TOOLS ?? process.cwd()}/`));
const jsonata = require("jsonata");

// The execution's clock, as the example starts it.
const started = Date.UTC(2026, 0, 1);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [started] : given));
  }
};

const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));

/** The cases of the suite, each with its document. */
function casesOf(folder) {
  const groups = join(folder, "groups");
  return readdirSync(groups).flatMap((group) =>
    readdirSync(join(groups, group))
      .filter((file) => file.endsWith(".json"))
      .flatMap((file) =>
        [read(groups, group, file)].flat().map((given, at) => ({
          name: `${group}/${file}${at ? `:${at}` : ""}`,
          group,
          expression: given.expr ?? readFileSync(join(groups, group, given["expr-file"]), "utf8"),
          document:
            "data" in given
              ? given.data
              : given.dataset
                ? read(folder, "datasets", `${given.dataset}.json`)
                : undefined,
          bindings: given.bindings ?? {},
          expected:
            "undefinedResult" in given
              ? {}
              : "result" in given
                ? { value: given.result }
                : { code: given.code ?? given.error?.code },
        })),
      ),
  );
}

/** An expression of the suite as a state has it: what it reads from `$` and `$$` is in `$states.input` there. */
function inState({ expression, document }) {
  if (document === undefined) return expression;
  const whole = expression.replaceAll("$$", "$states.input");
  return Array.isArray(document) ? `[[$states.input]].(${whole}\n)` : `$states.input.(${whole}\n)`;
}

const codeIn = (text) => /\b[STDU]\d{4}\b/.exec(text ?? "")?.[0];

/** What jsonata 2.0.6 says. */
async function reference(question, context) {
  let parsed;
  try {
    parsed = jsonata(question.expression.trim());
  } catch (error) {
    return { refused: error.code ?? String(error) };
  }
  try {
    const input = structuredClone(question.input);
    const states = { input, context: { ...context, Execution: { ...context.Execution, Input: input } } };
    const bindings = { ...structuredClone(question.variables), states };
    limit(parsed);
    const value = await parsed.evaluate(undefined, bindings);
    // As it leaves the evaluator: JSON, without what JSON does not have.
    const text = JSON.stringify(value);
    return text === undefined || typeof value === "function" ? {} : { value: JSON.parse(text) };
  } catch (error) {
    return { code: error.code ?? "none", message: error.message };
  }
}

function limit(parsed) {
  const until = RealDate.now() + 2000;
  let depth = 0;
  const guard = () => {
    if (depth > 100 || RealDate.now() > until) throw { code: "U1001", message: "too deep or too long" };
  };
  parsed.assign(Symbol.for("jsonata.__evaluate_entry"), () => (depth++, guard()));
  parsed.assign(Symbol.for("jsonata.__evaluate_exit"), () => (depth--, guard()));
}

/** What states-language says, for all questions. One that it never answers is passed over, and told. */
function ours(questions) {
  const program = process.env.EXPRESSIONS ?? "target/debug/examples/expressions";
  const answers = [];
  while (answers.length < questions.length) {
    const some = questions.slice(answers.length, answers.length + 250);
    const expected = answers.length + some.length;
    const input = some.map((question) => `${JSON.stringify(question)}\n`).join("");
    const run = spawnSync(program, {
      input,
      timeout: 60_000,
      encoding: "utf8",
      maxBuffer: 1 << 30,
      env: { ...process.env, RUST_BACKTRACE: "0" },
    });
    if (run.error && run.error.code !== "ETIMEDOUT") throw run.error;
    answers.push(...run.stdout.split("\n").slice(0, -1).map(JSON.parse));
    if (answers.length < expected) answers.push({ cause: `no answer: ${run.signal ?? run.status}` });
  }
  return answers.map(understood);
}

function understood(answer) {
  if ("refused" in answer) return { refused: codeIn(answer.refused) ?? answer.refused };
  if ("value" in answer) return answer;
  if (/returned nothing \(undefined\)|unsupported result type/.test(answer.cause)) return {};
  return { code: codeIn(answer.cause.split("during evaluation")[1]) ?? "none", message: answer.cause };
}

/** Whether two answers are the same: values may differ in a number's last digits. */
function same(one, other) {
  if ("value" in one && "value" in other) return isDeepStrictEqual(rounded(one.value), rounded(other.value));
  return one.refused === other.refused && one.code === other.code && "value" in one === "value" in other;
}

function rounded(value) {
  if (typeof value === "number") return Number(value.toPrecision(14));
  if (Array.isArray(value)) return value.map(rounded);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]));
  }
  return value;
}

async function main(what, argument, count) {
  const cases = what === "suite" ? casesOf(argument) : [...expressions(Number(argument), Number(count))];
  const questions = cases.map((one) => ({
    expression: inState(one),
    input: one.input ?? one.document ?? null,
    variables: one.bindings,
  }));
  const answers = ours(questions);
  const [{ value: context }] = ours([{ expression: "$states.context" }]);
  const figures = {};
  let unknown = 0;
  const counted = (name) => (figures[name] = (figures[name] ?? 0) + 1);
  for (const [at, one] of cases.entries()) {
    const theirs = await reference(questions[at], context);
    const our = answers[at];
    counted("cases");
    if (one.expected) {
      const wanted = one.expected;
      const holds = (answer) =>
        "code" in wanted ? (answer.code ?? answer.refused) === wanted.code : same(answer, wanted);
      if (holds(theirs)) counted("as the suite expects: jsonata 2.0.6, in a state");
      if (holds(our)) counted("as the suite expects: states-language");
    }
    if (same(our, theirs)) {
      counted("as jsonata 2.0.6");
      continue;
    }
    const kind = kindOf(questions[at].expression, our, theirs);
    counted(`differs: ${kind ?? "UNKNOWN"}`);
    if (kind === undefined) unknown++;
    if (kind === undefined || process.env.ALL) {
      const { expression, variables } = questions[at];
      console.log(JSON.stringify({ kind, name: one.name, expression, variables, ours: our, theirs }));
    }
  }
  for (const [name, figure] of Object.entries(figures)) console.error(String(figure).padStart(7), name);
  process.exitCode = unknown ? 1 : 0;
}

await main(...process.argv.slice(2));
