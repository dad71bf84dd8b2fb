import { type ConfigSources, type LoadedConfig, loadConfig } from './load.js';
import { SERVE_OPTIONS, type ServeConfig } from './options.js';
import { UsageError } from './usage-error.js';

/** Loads what `serve` needs. Rejects with a UsageError, also where single values are allowed and do not go together. */
export async function loadServeConfig(sources: ConfigSources): Promise<LoadedConfig<typeof SERVE_OPTIONS>> {
  const loaded = await loadConfig(SERVE_OPTIONS, sources);
  const problem = findConflict(loaded.config);
  if (problem !== undefined) throw new UsageError(problem);
  return loaded;
}

/** The first pair of values that exclude each other, in a sentence; undefined where there is none. */
export function findConflict(config: ServeConfig): string | undefined {
  const { modelRepository, modelControlMode, loadModel, grpcPort, adminPort, tlsCertFile, tlsKeyFile, tlsClientCaFile, host } = config;
  const { transport, responseCompression } = config;
  if (modelRepository.length === 0) {
    return '--model-repository is missing: name the directory that holds the models (MILLRACE_MODEL_REPOSITORY, modelRepository)';
  }
  if (host.length === 0) return '--host is empty: name at least one address';
  if (modelControlMode === 'none' && loadModel.length > 0) {
    return '--load-model needs --model-control-mode explicit: in mode none every model is loaded';
  }
  if (grpcPort !== 0 && grpcPort === adminPort) return `--grpc-port and --admin-port are both ${grpcPort}: they need a port each`;
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    return '--tls-cert-file and --tls-key-file go together: one of them is missing';
  }
  if (tlsClientCaFile !== undefined && tlsCertFile === undefined) return '--tls-client-ca-file needs --tls-cert-file and --tls-key-file';
  if (responseCompression !== 'none' && transport !== 'native') {
    return `--response-compression ${responseCompression} needs --transport native: ${transport} does not compress answers`;
  }
  return undefined;
}
