// Writes src/gen/ from proto/: messages and service definitions through buf and ts-proto, and descriptors.ts for reflection and text format.
//   node scripts/gen.mjs           writes src/gen/
//   node scripts/gen.mjs --check   writes nothing; exits 1 and names the files where src/gen/ differs from what proto/ says
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import descriptor from 'protobufjs/ext/descriptor.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMITTED = join(ROOT, 'src/gen');

function buf(...args) {
  return execFileSync(join(ROOT, 'node_modules/.bin/buf'), args, { cwd: ROOT, maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Fully qualified names that a file declares, as reflection may be asked for them. */
function symbolsOf(file) {
  const join = (scope, name) => (scope === '' ? name : `${scope}.${name}`);
  const named = (scope, items) => (items ?? []).map(({ name }) => join(scope, name));
  const ofEnum = (scope, { name, value }) => [join(scope, name), ...named(scope, value)];
  const ofMessage = (scope, message) => {
    const name = join(scope, message.name);
    return [
      name,
      ...named(name, message.field),
      ...named(name, message.oneofDecl),
      ...(message.enumType ?? []).flatMap((item) => ofEnum(name, item)),
      ...(message.nestedType ?? []).flatMap((item) => ofMessage(name, item)),
    ];
  };
  const ofService = (scope, { name, method }) => [join(scope, name), ...named(join(scope, name), method)];
  return [
    ...file.messageType.flatMap((item) => ofMessage(file.package, item)),
    ...file.enumType.flatMap((item) => ofEnum(file.package, item)),
    ...file.service.flatMap((item) => ofService(file.package, item)),
  ];
}

/** The serialised files of a serialised FileDescriptorSet, byte for byte as the compiler wrote them. */
function filesOf(set) {
  const files = [];
  for (let at = 0; at < set.length; ) {
    if (set[at++] !== 0x0a) throw new Error('a FileDescriptorSet has no field but `file`');
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = set[at++];
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    files.push(set.subarray(at, at + length));
    at += length;
  }
  return files;
}

function descriptorModule() {
  const set = buf('build', '--as-file-descriptor-set', '--exclude-source-info', '-o', '-#format=binpb');
  const serialised = filesOf(set);
  const entries = descriptor.FileDescriptorSet.decode(set).file.map((file, at) => {
    const { name, dependency: dependencies } = file;
    return { name, dependencies, symbols: symbolsOf(file), base64: serialised[at].toString('base64') };
  });
  return `// Written by scripts/gen.mjs. DO NOT EDIT.
/* eslint-disable */

/** One .proto file as the compiler understood it. */
export interface EmbeddedFile {
  /** As in import statements. */
  readonly name: string;
  /** Names of the files that it imports, each of them in EMBEDDED_FILES. */
  readonly dependencies: readonly string[];
  /** Full names of everything that it declares: messages, fields, oneofs, enums and their values, services, methods. */
  readonly symbols: readonly string[];
  /** Serialised google.protobuf.FileDescriptorProto. */
  readonly base64: string;
}

/** Every file of proto/ and what they import; a file comes after those that it imports. */
export const EMBEDDED_FILES: readonly EmbeddedFile[] = ${JSON.stringify(entries, null, 2)};
`;
}

function generate(parent) {
  const out = join(parent, 'src/gen');
  rmSync(out, { recursive: true, force: true });
  buf('generate', '-o', parent);
  writeFileSync(join(out, 'descriptors.ts'), descriptorModule());
  return out;
}

function filesBelow(directory) {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

function drift() {
  const parent = mkdtempSync(join(tmpdir(), 'millrace-gen-'));
  try {
    const fresh = generate(parent);
    const names = new Set([...filesBelow(fresh), ...filesBelow(COMMITTED)]);
    const read = (directory, name) => {
      try {
        return readFileSync(join(directory, name), 'utf8');
      } catch {
        return undefined;
      }
    };
    return [...names].filter((name) => read(fresh, name) !== read(COMMITTED, name)).sort();
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

if (process.argv.includes('--check')) {
  const names = drift();
  for (const name of names) console.error(`src/gen/${name} differs from proto/: run \`make gen\``);
  process.exitCode = names.length === 0 ? 0 : 1;
} else {
  generate(ROOT);
}
