import { assert, assertEqual, type Check, Skip, show } from '../check.js';
import type { Ground } from '../ground.js';
import { HEALTH, REFLECTION, SERVICE } from '../protocol.js';
import { granted, type Reply, refusedWith } from '../reply.js';
import { section } from '../section.js';

const CHECKING = section('gRPC health checking', 'Service Definition');

interface ServiceList {
  readonly list_services_response: { readonly service: readonly { readonly name: string }[] } | null;
}

function checkHealth({ target }: Ground, service: string): Promise<Reply<{ status: string }>> {
  return target.ask(`${HEALTH}/Check`, { service });
}

/** Names that the server reflects; undefined where it does not serve this version of reflection. */
async function reflectedServices({ target }: Ground, reflection: string): Promise<string[] | undefined> {
  const conversation = target.converse<ServiceList>(`${reflection}/ServerReflectionInfo`);
  conversation.send({ list_services: '' });
  try {
    const messages = await conversation.finish();
    return messages.flatMap((message) => message.list_services_response?.service.map(({ name }) => name) ?? []);
  } catch (error) {
    if (/^UNIMPLEMENTED/.test(conversation.outcome())) return undefined;
    throw error;
  }
}

/** Services beside the protocol's that clients and orchestrators look for. */
export const HEALTH_CHECKS: readonly Check[] = [
  {
    id: 'health.serving',
    title: 'grpc.health.v1 says that the server is SERVING',
    level: 'should',
    section: CHECKING,
    run: async (ground) => {
      assertEqual('status', granted(await checkHealth(ground, ''), 'Health.Check').status, 'SERVING');
    },
  },
  {
    id: 'health.unknown-service',
    title: 'grpc.health.v1 of a service that is not there is NOT_FOUND',
    level: 'should',
    section: CHECKING,
    run: async (ground) => {
      const known = await checkHealth(ground, '');
      if (!known.ok) throw new Skip('grpc.health.v1 is not served');
      refusedWith(['NOT_FOUND'], await checkHealth(ground, 'oip.conformance.NoSuchService'), 'an unknown service');
    },
  },
  {
    id: 'health.reflection',
    title: 'Server reflection lists the inference service',
    level: 'should',
    section: section('gRPC reflection', 'Server Reflection'),
    run: async (ground) => {
      for (const reflection of REFLECTION) {
        const services = await reflectedServices(ground, reflection);
        if (services === undefined) continue;
        assert(services.includes(SERVICE), `${SERVICE} among the services`, show(services));
        return;
      }
      throw new Skip('server reflection is not served');
    },
  },
];
