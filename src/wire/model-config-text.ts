import { BinaryWriter } from '@bufbuild/protobuf/wire';
import protobuf, { type Type } from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import textformat from 'protobufjs/ext/textformat.js';
import { EMBEDDED_FILES } from '../gen/descriptors.js';
import { ModelConfig } from '../gen/inference/model_config.js';

const MODEL_CONFIG_FILE = 'inference/model_config.proto';

/** `file`, the one field of google.protobuf.FileDescriptorSet: number 1, length-delimited. */
const SET_FILE_TAG = (1 << 3) | 2;

let modelConfigType: Type | undefined;

/**
 * Reads protobuf text format as inference.ModelConfig; throws an Error that says what is wrong with the text. The schema is made on first use, from the
 * descriptors that are compiled in: no .proto has to be found at run time, and it cannot differ from what the messages were generated from.
 */
export function parseModelConfigText(text: string): ModelConfig {
  modelConfigType ??= createModelConfigType();
  const parsed = modelConfigType.fromText(text);
  return ModelConfig.decode(modelConfigType.encode(parsed).finish());
}

function createModelConfigType(): Type {
  textformat.install();
  const set = new BinaryWriter();
  for (const { name, base64 } of EMBEDDED_FILES) {
    if (name === MODEL_CONFIG_FILE) set.uint32(SET_FILE_TAG).bytes(Buffer.from(base64, 'base64'));
  }
  return protobuf.Root.fromDescriptor(set.finish(), { keepCase: true }).lookupType('inference.ModelConfig');
}
