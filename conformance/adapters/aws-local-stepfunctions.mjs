// The library aws-local-stepfunctions behind the operations of the Step Functions API that the suite needs.
//
// usage: node aws-local-stepfunctions.mjs PORT FOLDER [MOCKS]
//   FOLDER  where the package is installed (`npm install aws-local-stepfunctions` in it)
//   MOCKS   the file of `run.py mocks`: tasks get their outcomes by the library's own `taskResourceLocalHandlers`
//
// The library has no history in AWS's form, and so GetExecutionHistory is not there.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

// The library is made for Node.js 22, which has this.
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const [port, folder, mocksFile] = process.argv.slice(2);
const from = createRequire(pathToFileURL(resolve(folder, 'package.json')));
const { StateMachine } = from('aws-local-stepfunctions');
const mocks = mocksFile ? JSON.parse(readFileSync(mocksFile, 'utf8')) : { StateMachines: {}, MockedResponses: {} };
const machines = new Map();
const executions = new Map();
const prefix = 'arn:aws:states:us-east-1:123456789012';

class Refusal extends Error {
  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

// What the library calls in the place of each task's resource.
function handlers(machine, testCase) {
  const states = mocks.StateMachines[machine]?.TestCases?.[testCase] ?? {};
  const invocations = {};
  return Object.fromEntries(Object.entries(states).map(([state, response]) => [state, async () => {
    const number = invocations[state] ?? 0;
    invocations[state] = number + 1;
    const outcome = mocks.MockedResponses[response][String(number)];
    if (!outcome) throw new Error(`no outcome for invocation ${number} of ${state}`);
    if (!outcome.Throw) return outcome.Return;
    const error = new Error(outcome.Throw.Cause);
    error.name = outcome.Throw.Error;
    throw error;
  }]));
}

// An error of the library, which wraps the one that a state failed with.
function failure(error) {
  const inner = error.cause instanceof Error ? error.cause : error;
  // Its own name for a Fail state that has no Error.
  return { error: inner.name === 'FailStateError' ? undefined : inner.name, cause: inner.message };
}

const operations = {
  CreateStateMachine({ name, definition }) {
    try {
      const read = JSON.parse(definition);
      new StateMachine(read); // it validates
      machines.set(name, read);
    } catch (error) {
      throw new Refusal('InvalidDefinition', String(error.message));
    }
    return { stateMachineArn: `${prefix}:stateMachine:${name}`, creationDate: Date.now() / 1000 };
  },
  DeleteStateMachine({ stateMachineArn }) {
    machines.delete(stateMachineArn.split(':').at(-1));
    return {};
  },
  StartExecution({ stateMachineArn, name, input }) {
    const [machine, testCase] = stateMachineArn.split(':').at(-1).split('#');
    let read;
    try {
      read = JSON.parse(input ?? '{}');
    } catch (error) {
      throw new Refusal('InvalidExecutionInput', String(error.message));
    }
    const arn = `${prefix}:execution:${machine}:${name}`;
    const context = {
      Execution: { Id: arn, Name: name, Input: read, StartTime: new Date().toISOString(), RedriveCount: 0 },
      StateMachine: { Id: stateMachineArn, Name: machine },
    };
    const described = { executionArn: arn, status: 'RUNNING' };
    executions.set(arn, described);
    const work = { definition: machines.get(machine), input: read, machine, testCase, context };
    play(work).then((ended) => Object.assign(described, ended));
    return { executionArn: arn, startDate: Date.now() / 1000 };
  },
  DescribeExecution: ({ executionArn }) => executions.get(executionArn),
};

// One execution.
async function play({ definition, input, machine, testCase, context }) {
  const overrides = { taskResourceLocalHandlers: handlers(machine, testCase) };
  try {
    const output = await new StateMachine(definition).run(input, { overrides, context }).result;
    return { status: 'SUCCEEDED', output: JSON.stringify(output) ?? 'null' };
  } catch (error) {
    return { status: error.name === 'ExecutionTimeoutError' ? 'TIMED_OUT' : 'FAILED', ...failure(error) };
  }
}

function answer(request, response, body) {
  const operation = String(request.headers['x-amz-target']).split('.').at(-1);
  let [status, answer] = [200, null];
  try {
    if (!operations[operation]) throw new Refusal('UnknownOperationException', `${operation} is not implemented`);
    answer = operations[operation](JSON.parse(body));
  } catch (error) {
    [status, answer] = [400, { __type: error.type ?? 'InternalFailure', message: error.message }];
  }
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(answer));
}

// An error that nobody waits for, in a branch that was left, must not end the adapter.
process.on('unhandledRejection', (error) => console.error(error));

createServer((request, response) => {
  let body = '';
  request.on('data', (more) => (body += more));
  request.on('end', () => answer(request, response, body));
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
