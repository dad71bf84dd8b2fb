import { assertEqual, Skip } from '../check.js';
import type { Conversation } from '../conversation.js';
import type { Ground } from '../ground.js';
import type { StreamResponse } from '../messages.js';

/** Skips the check where the server has no ModelStreamInfer. */
export function openStream({ target, streams }: Ground, metadata: Readonly<Record<string, string>> = {}): Conversation<StreamResponse> {
  if (!streams) throw new Skip('ModelStreamInfer is not served');
  return target.converse<StreamResponse>('ModelStreamInfer', metadata);
}

export function finalOf({ infer_response: response }: StreamResponse): boolean | undefined {
  return response?.parameters['triton_final_response']?.bool_param;
}

export function assertFinals(messages: readonly StreamResponse[], expected: readonly boolean[]): void {
  assertEqual(
    'triton_final_response of each message',
    messages.map((message) => finalOf(message) ?? null),
    expected,
  );
}
