#!/usr/bin/env node
import { createProcessIo } from './cli/process-io.js';
import { runCli } from './cli/program.js';
import { readVersion } from './cli/version.js';
import { MillraceClient } from './client/millrace-client.js';

/** What still holds the process after a command has ended is a leak, and no reason to stay. */
const LINGER_MS = 1_000;

// What libraries should do otherwise one day (grpc-js names an IP address in TLS) helps nobody who reads our stderr, line by line or not.
process.noDeprecation = true;

process.exitCode = await runCli(process.argv.slice(2), createProcessIo(), {
  // build/src/main.js
  version: readVersion(new URL('../../package.json', import.meta.url)),
  // Loaded when needed: a call to a server needs no server.
  startServer: async (config, deps, signal) => (await import('./app.js')).startServer(config, deps, signal),
  checkRepository: async (directories, options, onModel, signal) =>
    (await import('./check-repository.js')).checkRepository(directories, options, onModel, signal),
  createClient: (address, options) => new MillraceClient(address, options),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
