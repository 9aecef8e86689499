// Starts `plotter2 lsp` and connects the editor with it. Everything about the language is known by the server.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function settings() {
  const given = vscode.workspace.getConfiguration("plotter2");
  return { root: given.get("root"), schemas: given.get("schemas") };
}

async function start() {
  const [command, ...args] = vscode.workspace.getConfiguration("plotter2").get("command");
  client = new LanguageClient(
    "plotter2",
    "plotter2",
    { command, args, transport: TransportKind.stdio },
    {
      documentSelector: [{ language: "p2" }],
      initializationOptions: settings(),
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/p2schemas.json") },
    },
  );
  try {
    await client.start();
  } catch (error) {
    const answer = await vscode.window.showErrorMessage(
      `plotter2 could not be started as "${[command, ...args].join(" ")}": ${error.message}`,
      "Open settings",
    );
    if (answer) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "plotter2.command");
    }
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running && running.isRunning()) {
    await running.stop();
  }
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("plotter2.restart", async () => {
      await stop();
      await start();
    }),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("plotter2.command")) {
        await stop();
        await start();
      } else if (event.affectsConfiguration("plotter2") && client && client.isRunning()) {
        await client.sendNotification("workspace/didChangeConfiguration", {
          settings: { plotter2: settings() },
        });
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
