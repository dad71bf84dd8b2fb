import { type ServerProcess, startCommand } from './server-process.js';
import { TLS_FILES } from './tls-files.js';

/** The echo servers that are compared. */
export type ContenderName = 'native' | 'grpc-js' | 'grpc-go';

/** How each contender is started; one that cannot be is missing. */
export type Commands = Partial<Record<ContenderName, readonly string[]>>;

export interface Contender extends AsyncDisposable {
  readonly name: ContenderName;
  readonly server: ServerProcess;
}

export function commandsOf(pin: readonly string[], goEcho: string | undefined): Commands {
  const script = (name: string): readonly string[] => [...pin, process.execPath, new URL(name, import.meta.url).pathname];
  return {
    native: script('./native-echo-server.js'),
    'grpc-js': script('./echo-server.js'),
    ...(goEcho !== undefined && { 'grpc-go': [...pin, goEcho] }),
  };
}

export interface Contenders extends AsyncDisposable {
  readonly all: readonly Contender[];
}

/** Starts all of them, each in a process of its own. */
export async function startContenders(commands: Commands, isTls: boolean): Promise<Contenders> {
  const all: Contender[] = [];
  for (const name of ['native', 'grpc-js', 'grpc-go'] as const) {
    const command = commands[name];
    if (command !== undefined) all.push(await startContender(name, command, isTls));
  }
  return {
    all,
    async [Symbol.asyncDispose]() {
      for (const contender of all) await contender[Symbol.asyncDispose]();
    },
  };
}

export async function startContender(name: ContenderName, command: readonly string[], isTls: boolean): Promise<Contender> {
  const tls = isTls ? [TLS_FILES.cert, TLS_FILES.key] : [];
  const server = await startCommand([...command, ...tls], (line) => /listening on (\S+)/.exec(line)?.[1]);
  return { name, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
