import { assert, assertEqual, type Check, show } from '../check.js';
import type { ServerMetadata } from '../messages.js';
import { granted } from '../reply.js';
import { section } from '../section.js';

export const SERVER_CHECKS: readonly Check[] = [
  {
    id: 'server.live',
    title: 'ServerLive answers that the server is live',
    level: 'must',
    section: section('OIP gRPC', 'Server Live'),
    run: async ({ target }) => {
      assertEqual('live', granted(await target.ask<{ live: boolean }>('ServerLive', {}), 'ServerLive').live, true);
    },
  },
  {
    id: 'server.ready',
    title: 'ServerReady answers that the server is ready',
    level: 'must',
    section: section('OIP gRPC', 'Server Ready'),
    run: async ({ target }) => {
      assertEqual('ready', granted(await target.ask<{ ready: boolean }>('ServerReady', {}), 'ServerReady').ready, true);
    },
  },
  {
    id: 'server.name',
    title: 'ServerMetadata tells the name of the server',
    level: 'must',
    section: section('OIP gRPC', 'Server Metadata'),
    run: async ({ target }) => {
      const { name } = granted(await target.ask<ServerMetadata>('ServerMetadata', {}), 'ServerMetadata');
      assert(name !== '', 'a name', show(name));
    },
  },
  {
    id: 'server.version',
    title: 'ServerMetadata tells the version of the server',
    level: 'should',
    section: section('OIP gRPC', 'Server Metadata'),
    run: async ({ target }) => {
      const { version } = granted(await target.ask<ServerMetadata>('ServerMetadata', {}), 'ServerMetadata');
      assert(version !== '', 'a version', show(version));
    },
  },
  {
    id: 'server.extensions',
    title: 'ServerMetadata names each extension once',
    level: 'should',
    section: section('OIP REST', 'Server Metadata Response JSON Object'),
    run: async ({ target }) => {
      const { extensions } = granted(await target.ask<ServerMetadata>('ServerMetadata', {}), 'ServerMetadata');
      assert(!extensions.includes('') && new Set(extensions).size === extensions.length, 'distinct names', show(extensions));
    },
  },
];
