// Asks an evaluator of IAM policies that is not ours the questions that ours has answered, and compares.
//
//     node .ci/iam-simulate.mjs target/tmp/policies.json
//
// The file is what `cargo test --test permissions` writes: roles with their policies and boundaries, and for each question the
// actions that our evaluator allows and those that it denies. The exit code is 1 if an answer differs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const account = "123456789012";

// Where lint-deployables looks for the tools of npm, too.
const tools = process.env.NODE_TOOLS ?? new URL("node_modules", import.meta.url).pathname;
const require = createRequire(pathToFileURL(`${tools}/`));
const { runSimulation, runUnsafeSimulation } = require("@cloud-copilot/iam-simulate");

const { roles, questions } = JSON.parse(readFileSync(process.argv[2], "utf8"));

function simulation(question, action) {
  const { policies, boundary } = roles[question.role];
  return {
    request: {
      principal: `arn:aws:sts::${account}:assumed-role/${question.role.replaceAll(/[^\w+=,.@-]/g, "-")}/session`,
      action,
      resource: { resource: question.resource, accountId: account },
      contextVariables: question.context,
    },
    identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
    permissionBoundaryPolicies: boundary ? [{ name: "boundary", policy: boundary }] : undefined,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

const figures = new Map();
const differences = [];
for (const question of questions) {
  const figure = figures.get(question.set) ?? { allowed: 0, denied: 0, checked: 0, differing: 0 };
  figures.set(question.set, figure);
  for (const ours of ["allowed", "denied"]) {
    for (const action of question[ours]) {
      const asked = simulation(question, action);
      figure[ours] += 1;
      let theirs = runUnsafeSimulation(asked, {}) === "Allowed" ? "allowed" : "denied";
      // What AWS could really be asked goes through the checks of the action, its resource and its condition keys as well.
      if (question.real) {
        const checked = await runSimulation(asked, {});
        figure.checked += 1;
        if (checked.resultType === "error") theirs = `an error: ${checked.errors.message}`;
        else if ((checked.overallResult === "Allowed" ? "allowed" : "denied") !== theirs) theirs = "neither";
      }
      if (theirs !== ours) {
        figure.differing += 1;
        differences.push(`${question.role}: ${action} on ${question.resource}: ${ours} by ours, ${theirs} by theirs`);
      }
    }
  }
}

for (const [set, { allowed, denied, checked, differing }] of figures) {
  console.log(`${set}: ${allowed} allowed, ${denied} denied, ${checked} as AWS could be asked; ${differing} differ`);
}
const all = [...figures.values()].reduce((sum, { allowed, denied }) => sum + allowed + denied, 0);
console.log(`${all} questions, ${differences.length} answered otherwise`);
for (const difference of differences) console.error(difference);
process.exitCode = differences.length > 0 ? 1 : 0;
