import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { addHttp2Settings, http2ServerOf } from '../../../../src/grpc/grpc-js/internals.js';

describe('internals', () => {
  it('finds the node:http2 server of the release in use, with its one stream listener', () => {
    const server = new Server({ 'grpc.enable_channelz': 0 });
    addHttp2Settings(server, { initialWindowSize: 70_000 });
    server.createConnectionInjector(ServerCredentials.createInsecure());
    expect(http2ServerOf(server).listeners('stream')).toHaveLength(1);
    server.forceShutdown();
  });

  it('says which field is gone in a release that it does not know', () => {
    const strange = Object.create(Server.prototype) as Server;
    expect(() => http2ServerOf(strange)).toThrow(/no Server\.http2Servers/);
    expect(() => addHttp2Settings(strange, {})).toThrow(/no Server\.commonServerOptions/);
  });
});
