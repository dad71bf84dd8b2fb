import type { Call, Method, Service } from '../../src/grpc/call.js';

/** The service's only method of that name; throws unless there is one, of that kind. */
export function findMethod<K extends Method['kind']>({ name, methods }: Service, method: string, kind: K): Extract<Method, { kind: K }> {
  const [found, ...others] = methods.filter(({ path }) => path === `/${name}/${method}`);
  if (found?.kind !== kind || others.length > 0) throw new Error(`no single ${kind} method ${method}`);
  return found as Extract<Method, { kind: K }>;
}

/** Calls a unary method as a server does: bytes in, bytes out. Mistakes of the request's bytes reject like all others. */
export async function callUnary(service: Service, name: string, request: Uint8Array, call: Call): Promise<Uint8Array> {
  const method = findMethod(service, name, 'unary');
  return method.response.encode(await method.handle(method.request.decode(request), call));
}
