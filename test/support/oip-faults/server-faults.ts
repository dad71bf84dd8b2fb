import type { ModelMetadata, ServerMetadata, TensorMetadata } from '../../conformance/oip/messages.js';
import { changing, type Fault, meddleWith, reading, refusal } from './fault.js';

interface Named {
  readonly name: string;
  readonly version: string;
}

interface Ready {
  readonly ready: boolean;
}

function serverMetadata(change: (metadata: ServerMetadata) => ServerMetadata) {
  return () => changing<object, ServerMetadata>('ServerMetadata', change);
}

function modelReady(change: (ready: boolean, request: Named) => boolean) {
  return () => changing<Named, Ready>('ModelReady', ({ ready }, request) => ({ ready: change(ready, request) }));
}

function modelMetadata(change: (metadata: ModelMetadata, request: Named) => ModelMetadata) {
  return () => changing<Named, ModelMetadata>('ModelMetadata', change);
}

/** Changes the first input of the model "pair", which few checks depend on. */
function firstInputOfPair(change: (input: TensorMetadata) => TensorMetadata) {
  return modelMetadata((metadata) =>
    metadata.name === 'pair' ? { ...metadata, inputs: metadata.inputs.map((input, at) => (at === 0 ? change(input) : input)) } : metadata,
  );
}

export const SERVER_FAULTS: readonly Fault[] = [
  { what: 'says it is not live', fails: ['server.live'], meddle: () => changing('ServerLive', () => ({ live: false })) },
  {
    what: 'hangs on ServerLive',
    fails: ['server.live', 'stream.cancel'],
    hangs: true,
    among: ['server.', 'grpc.cancel', 'stream.cancel'],
    meddle: () => meddleWith('ServerLive', async () => 'hang'),
  },
  { what: 'says it is not ready', fails: ['server.ready'], meddle: () => changing('ServerReady', () => ({ ready: false })) },
  { what: 'has no name', fails: ['server.name'], meddle: serverMetadata((metadata) => ({ ...metadata, name: '' })) },
  { what: 'has no version', fails: ['server.version'], meddle: serverMetadata((metadata) => ({ ...metadata, version: '' })) },
  {
    what: 'names an extension twice',
    fails: ['server.extensions'],
    meddle: serverMetadata((metadata) => ({ ...metadata, extensions: [...metadata.extensions, ...metadata.extensions] })),
  },
  {
    what: 'promises an extension that it does not have',
    fails: ['extensions.served'],
    meddle: serverMetadata((metadata) => ({ ...metadata, extensions: [...metadata.extensions, 'cuda_shared_memory'] })),
  },
  {
    what: 'keeps quiet about its statistics',
    fails: ['extensions.honest'],
    meddle: serverMetadata((metadata) => ({ ...metadata, extensions: metadata.extensions.filter((name) => name !== 'statistics') })),
  },
  {
    what: 'says of every model that it is ready',
    fails: ['model-ready.unknown-model', 'model-ready.unknown-version', 'model-ready.no-name'],
    meddle: modelReady(() => true),
  },
  {
    what: 'says of every model that it is not ready',
    fails: ['model-ready.known', 'model-ready.version', 'repository.agrees'],
    meddle: modelReady(() => false),
  },
  {
    what: 'says of every version that it is not ready',
    fails: ['model-ready.version', 'repository.agrees'],
    meddle: modelReady((ready, { version }) => version === '' && ready),
  },
  {
    what: 'describes a model under another name',
    fails: [
      'model-ready.version',
      'model-metadata.name',
      'model-metadata.by-version',
      'model-config.name',
      'model-config.tensors',
      'model-config.batch-size',
    ],
    meddle: modelMetadata((metadata) => (metadata.name === 'pair' ? { ...metadata, name: 'Pair' } : metadata)),
  },
  {
    what: 'describes a version under another name',
    fails: ['model-metadata.by-version'],
    meddle: modelMetadata((metadata, { version }) => (version === '' ? metadata : { ...metadata, name: `${metadata.name}:${version}` })),
  },
  { what: 'tells no platform', fails: ['model-metadata.platform'], meddle: modelMetadata((metadata) => ({ ...metadata, platform: '' })) },
  {
    what: 'lists a version twice',
    fails: ['model-metadata.versions', 'infer.default-version'],
    meddle: modelMetadata((metadata) => ({ ...metadata, versions: ['1', '1'] })),
  },
  {
    what: 'calls its versions v1',
    fails: [
      'model-ready.version',
      'model-metadata.by-version',
      'model-metadata.integer-versions',
      'infer.default-version',
      'infer.asked-version',
      'statistics.one-version',
    ],
    meddle: modelMetadata((metadata) => ({ ...metadata, versions: metadata.versions.map((version) => `v${version}`) })),
  },
  {
    what: 'gives two inputs one name',
    fails: ['model-metadata.tensors', 'infer.accepted-everywhere', 'model-config.tensors'],
    meddle: modelMetadata((metadata) =>
      metadata.name === 'pair' ? { ...metadata, inputs: metadata.inputs.map((input) => ({ ...input, name: 'A' })) } : metadata,
    ),
  },
  {
    what: 'has datatypes of its own',
    fails: ['model-metadata.datatypes', 'infer.accepted-everywhere', 'model-config.tensors'],
    meddle: firstInputOfPair((input) => ({ ...input, datatype: 'float32' })),
  },
  {
    what: 'has dimensions of -2',
    fails: ['model-metadata.shapes', 'infer.accepted-everywhere', 'model-config.tensors'],
    meddle: firstInputOfPair((input) => ({ ...input, shape: ['-2', '4'] })),
  },
  {
    what: 'leaves the batch axis out',
    fails: ['infer.accepted-everywhere', 'model-config.tensors'],
    meddle: firstInputOfPair((input) => ({ ...input, shape: ['4'] })),
  },
  {
    what: 'describes a model that is not there',
    fails: ['model-metadata.unknown-model', 'model-metadata.unknown-version', 'model-metadata.not-found'],
    meddle: () =>
      meddleWith<Named, object>('ModelMetadata', async ({ request, answer }) => {
        const answered = await answer();
        return answered.code === 0 ? answered : answer({ name: 'pair', version: request.version === '987654' ? '' : request.version });
      }),
  },
  {
    what: 'knows no code for what is not there',
    fails: ['model-metadata.not-found'],
    meddle: () =>
      meddleWith('ModelMetadata', async ({ answer }) => {
        const answered = await answer();
        return answered.code === 0 ? answered : refusal(2);
      }),
  },
  {
    what: 'has health for every service',
    fails: ['health.unknown-service'],
    meddle: () => reading<{ service: string }>('grpc.health.v1.Health/Check', () => ({ service: '' })),
  },
  {
    what: 'is not healthy',
    fails: ['health.serving'],
    meddle: () => changing('grpc.health.v1.Health/Check', () => ({ status: 'NOT_SERVING' })),
  },
  {
    what: 'reflects other services',
    fails: ['health.reflection'],
    meddle: () => ({
      stream: 'ServerReflectionInfo',
      streamed: (message) => [Buffer.from(message.toString('latin1').replaceAll('GRPCInference', 'GRPCinference'), 'latin1')],
    }),
  },
];
