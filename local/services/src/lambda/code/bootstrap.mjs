// The Node.js runtime of the local run: asks Lambda's Runtime API for events, and gives them to the handler.
//
// What it says and does is that of AWS's own client, https://github.com/aws/aws-lambda-nodejs-runtime-interface-client.

import fs from "node:fs";
import http from "node:http";
import module, { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const require = createRequire(import.meta.url);
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const isJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
let requestId;

/** One request to the Runtime API: its headers and its body. */
function call(method, place, body) {
  const options = { host, port, method, agent, path: `/2018-06-01/runtime${place}` };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  }
  return new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf-8");
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ headers: answer.headers, text }));
    });
    request.on("error", reject).end(body);
  });
}

// Errors

/** An error of the runtime's own, with the name that Lambda gives it. */
class Fault extends Error {
  constructor(kind, message) {
    super(message);
    this.name = `Runtime.${kind}`;
  }
}

function isError(value) {
  return util.types.isNativeError(value) || ["name", "message", "stack"].every((key) => typeof value?.[key] === "string");
}

/** An error as Lambda's callers get it. */
function told(error) {
  try {
    if (isError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: error.stack.split("\n") };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    const message =
      "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack";
    return { errorType: "handled", errorMessage: message };
  }
}

// The log

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };

/** Errors in a line of JSON. */
function shown(_, value) {
  if (!(value instanceof Error)) return value;
  const own = { errorType: value.constructor?.name ?? "UnknownError", errorMessage: value.message };
  return Object.assign(own, { stackTrace: value.stack?.split("\n") }, value);
}

function jsonLine(timestamp, level, words) {
  const line = { timestamp, level, requestId };
  if (words.length === 1) {
    try {
      return JSON.stringify({ ...line, message: words[0] }, shown);
    } catch {
      return JSON.stringify({ ...line, message: util.format(words[0]) });
    }
  }
  line.message = util.format(...words);
  const error = words.find((word) => word instanceof Error);
  return JSON.stringify(error ? { ...line, ...JSON.parse(JSON.stringify(shown("", error))) } : line);
}

function log(level, ...words) {
  const time = new Date().toISOString();
  const line = isJson ? jsonLine(time, level, words) : `${time}\t${requestId}\t${level}\t${util.format(...words)}`;
  process.stdout.write(`${line}\n`);
}

function patchConsole() {
  const least = LEVELS[process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
  for (const [level, priority] of Object.entries(LEVELS)) {
    const says = priority >= least || level === "FATAL";
    console[level.toLowerCase()] = says ? (...words) => log(level, ...words) : () => {};
  }
  console.log = console.info;
}

function logError(what, error) {
  const whole = error instanceof Error ? error : new Error(error);
  if (isJson) return console.error(whole);
  const { name, message, code, stack } = whole;
  const fields = { errorType: name, errorMessage: message, code, ...whole, stack: stack?.split("\n") };
  try {
    console.error(what, `\t${JSON.stringify(fields)}`);
  } catch {
    console.error(what, `\t${JSON.stringify(told(whole))}`);
  }
}

// The handler

/** Whether the nearest package.json above says that `.js` is an ES module. */
function isModule(folder) {
  if (folder.endsWith("/node_modules")) return false;
  const file = path.join(folder, "package.json");
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file)).type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder !== "/" && isModule(path.resolve(folder, ".."));
}

async function load(root, folder, name) {
  const file = path.resolve(root, folder, name);
  if (fs.existsSync(file)) return require(file);
  const isEsm = fs.existsSync(`${file}.js`) && isModule(path.dirname(file));
  if (fs.existsSync(`${file}.js`)) return isEsm ? import(pathToFileURL(`${file}.js`)) : require(`${file}.js`);
  if (fs.existsSync(`${file}.mjs`)) return import(pathToFileURL(`${file}.mjs`));
  if (fs.existsSync(`${file}.cjs`)) return require(`${file}.cjs`);
  return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

/** The function that `_HANDLER` names. */
async function handlerOf(root, whole) {
  if (whole.includes("..")) {
    const mend = "Use absolute paths when specifying root directories in handler names.";
    throw new Fault("MalformedHandlerName", `'${whole}' is not a valid handler name. ${mend}`);
  }
  const last = path.basename(whole);
  const match = last.match(/^([^.]*)\.(.*)$/);
  if (!match) throw new Fault("MalformedHandlerName", "Bad handler");
  let loaded;
  try {
    loaded = await load(root, whole.slice(0, whole.indexOf(last)), match[1]);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault("UserCodeSyntaxError", error);
    if (error?.code === "MODULE_NOT_FOUND") throw new Fault("ImportModuleError", error);
    throw error;
  }
  const handler = match[2].split(".").reduce((nested, key) => nested && nested[key], loaded);
  if (!handler) throw new Fault("HandlerNotFound", `${whole} is undefined or not exported`);
  if (typeof handler !== "function") throw new Fault("HandlerNotFound", `${whole} is not a function`);
  return handler;
}

// Events

const UNSETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";

// Set once for each event, and called when the process has nothing else to do.
let atRest = () => {};

/** What the handler gets beside the event: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
function contextOf(headers, done) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? "handled"),
    done,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function serialised(result) {
  try {
    return JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

/** One event. Its answer has been sent when the promise is fulfilled. */
function handle(handler, { headers, text }) {
  return new Promise((resolve, reject) => {
    const id = requestId;
    let isOver = false;
    const once = (send) => (...words) => {
      if (isOver) return;
      isOver = true;
      atRest = () => {};
      send(...words);
    };
    const post = (place, body) => call("POST", `/invocation/${id}/${place}`, body).then(resolve, reject);
    const fails = (error) => {
      logError("Invoke Error", error);
      post("error", JSON.stringify(told(error)));
    };
    const succeeds = (result) => {
      let body;
      try {
        body = serialised(result);
      } catch (error) {
        return fails(error);
      }
      post("response", body);
    };
    const done = once((error, result) => (error === undefined || error === null ? succeeds(result) : fails(error)));
    const context = contextOf(headers, done);
    const callback = once((error, result) => {
      if (error !== undefined && error !== null) return fails(error);
      if (!context.callbackWaitsForEmptyEventLoop) return succeeds(result);
      // A handler with a callback has ended when nothing is left to be done.
      atRest = () => setImmediate(succeeds, result);
    });
    // An async handler that is still waited for then would wait for ever.
    const isAsync = util.types.isAsyncFunction(handler);
    const unsettled = () => post("error", JSON.stringify(told(new Fault("NodeJsExit", UNSETTLED))));
    atRest = once(() => (isAsync ? unsettled() : post("response", "null")));
    try {
      const result = handler(JSON.parse(text), context, callback);
      if (typeof result?.then === "function") result.then(context.succeed, context.fail);
    } catch (error) {
      callback(error);
    }
  });
}

/** Imports find what is on NODE_PATH, too, as they do on Lambda since Node.js 18. */
function importFromNodePath() {
  const folders = (process.env.NODE_PATH ?? "").split(":").filter((folder) => folder !== "");
  const places = folders.map((folder) => pathToFileURL(path.join(folder, "..", "from.mjs")).href);
  const isSought = (specifier, error) => error.code === "ERR_MODULE_NOT_FOUND" && !/^[./]|^file:/.test(specifier);
  if (places.length === 0) return;
  if (module.registerHooks) {
    module.registerHooks({
      resolve(specifier, context, next) {
        try {
          return next(specifier, context);
        } catch (error) {
          if (!isSought(specifier, error)) throw error;
          for (const parentURL of places) {
            try {
              return next(specifier, { ...context, parentURL });
            } catch {}
          }
          throw error;
        }
      },
    });
    return;
  }
  // The older way has the hook run in a thread of its own.
  const hook = `
    const places = ${JSON.stringify(places)};
    const isSought = ${isSought};
    export async function resolve(specifier, context, next) {
      try {
        return await next(specifier, context);
      } catch (error) {
        if (!isSought(specifier, error)) throw error;
        for (const parentURL of places) {
          try {
            return await next(specifier, { ...context, parentURL });
          } catch {}
        }
        throw error;
      }
    }`;
  module.register?.(`data:text/javascript,${encodeURIComponent(hook)}`);
}

async function main() {
  patchConsole();
  importFromNodePath();
  let report = (error) => call("POST", "/init/error", JSON.stringify(told(error)));
  const ends = (what, code) => async (error) => {
    logError(what, error);
    await report(error);
    process.exit(code);
  };
  const uncaught = ends("Uncaught Exception", 129);
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", (reason) => {
    const error = new Fault("UnhandledPromiseRejection", reason);
    error.reason = reason;
    ends("Unhandled Promise Rejection", 128)(error);
  });
  process.on("beforeExit", () => atRest());
  let handler;
  try {
    handler = await handlerOf(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    return uncaught(error);
  }
  for (;;) {
    const event = await call("GET", "/invocation/next");
    requestId = event.headers["lambda-runtime-aws-request-id"];
    const id = requestId;
    process.env._X_AMZN_TRACE_ID = event.headers["lambda-runtime-trace-id"] ?? "";
    report = (error) => call("POST", `/invocation/${id}/error`, JSON.stringify(told(error)));
    await handle(handler, event);
  }
}

main();
