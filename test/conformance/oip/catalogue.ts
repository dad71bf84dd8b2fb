import type { Check } from './check.js';
import { CLASSIFICATION_CHECKS } from './checks/classification.js';
import { DATA_CHECKS } from './checks/data.js';
import { DECOUPLED_CHECKS } from './checks/decoupled.js';
import { EXTENSION_CHECKS } from './checks/extensions.js';
import { HEALTH_CHECKS } from './checks/health.js';
import { INFER_CHECKS } from './checks/infer.js';
import { MODEL_CONFIG_CHECKS } from './checks/model-config.js';
import { MODEL_METADATA_CHECKS } from './checks/model-metadata.js';
import { MODEL_READY_CHECKS } from './checks/model-ready.js';
import { OUTPUT_CHECKS } from './checks/outputs.js';
import { REFUSAL_CHECKS } from './checks/refusals.js';
import { REPOSITORY_CHECKS } from './checks/repository.js';
import { SERVER_CHECKS } from './checks/server.js';
import { SETTINGS_CHECKS } from './checks/settings.js';
import { SHARED_MEMORY_CHECKS } from './checks/shared-memory.js';
import { STATISTICS_CHECKS } from './checks/statistics.js';
import { STREAM_CHECKS } from './checks/stream.js';
import { TRANSPORT_CHECKS } from './checks/transport.js';

/** Every check, in the order in which they run. What changes the server's state comes last. */
export const CATALOGUE: readonly Check[] = [
  ...SERVER_CHECKS,
  ...HEALTH_CHECKS,
  ...MODEL_READY_CHECKS,
  ...MODEL_METADATA_CHECKS,
  ...INFER_CHECKS,
  ...OUTPUT_CHECKS,
  ...DATA_CHECKS,
  ...REFUSAL_CHECKS,
  ...TRANSPORT_CHECKS,
  ...EXTENSION_CHECKS,
  ...MODEL_CONFIG_CHECKS,
  ...STATISTICS_CHECKS,
  ...STREAM_CHECKS,
  ...DECOUPLED_CHECKS,
  ...CLASSIFICATION_CHECKS,
  ...SHARED_MEMORY_CHECKS,
  ...SETTINGS_CHECKS,
  ...REPOSITORY_CHECKS,
];
