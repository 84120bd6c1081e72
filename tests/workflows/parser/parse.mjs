// SPDX-License-Identifier: Apache-2.0
// usage: parse FILE...: GitHub's own reader of workflows and actions. One line for each error,
// status 1 when there is any. Bundled first: it imports JSON in a way that Node 20 refuses.
import { readFileSync } from "node:fs";
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/action-parser";

async function errorsOf(name) {
  const file = { name, content: readFileSync(name, "utf8") };
  if (name.endsWith("/action.yml")) {
    return parseAction(file, new NoOperationTraceWriter()).context.errors.getErrors();
  }
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  if (context.errors.count === 0) {
    await convertWorkflowTemplate(context, value);
  }
  return context.errors.getErrors();
}

async function main(names) {
  for (const name of names) {
    for (const error of await errorsOf(name)) {
      console.log(`${name}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}

main(process.argv.slice(2));
