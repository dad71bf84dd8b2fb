import { createFileRegistry, type DescMessage, fromBinary, fromJsonString, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { EMBEDDED_FILES } from '../gen/descriptors.js';
import { ModelConfig } from '../gen/inference/model_config.js';

const MODEL_CONFIG_FILE = 'inference/model_config.proto';

/** Many times the longest config.pbtxt in use; more would hold up the event loop. It bounds the depth of what is nested, too. */
const MAX_CONFIG_CHARS = 256 * 1024;

let modelConfigSchema: DescMessage | undefined;

/**
 * Reads proto3 JSON as inference.ModelConfig: fields in either spelling, enum values by name or number, 64-bit numbers as numbers or strings. Throws
 * an Error that says what is wrong with the text; a field that is unknown, of a wrong type or there twice is wrong. The schema is made on first use.
 */
export function parseModelConfigJson(text: string): ModelConfig {
  if (text.length > MAX_CONFIG_CHARS) throw new Error(`it has ${text.length} characters, expected at most ${MAX_CONFIG_CHARS}`);
  modelConfigSchema ??= createModelConfigSchema();
  return ModelConfig.decode(toBinary(modelConfigSchema, fromJsonString(modelConfigSchema, text)));
}

function createModelConfigSchema(): DescMessage {
  const files = EMBEDDED_FILES.filter(({ name }) => name === MODEL_CONFIG_FILE);
  const protos = files.map(({ base64 }) => fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64')));
  const schema = createFileRegistry({ $typeName: 'google.protobuf.FileDescriptorSet', file: protos }).getMessage('inference.ModelConfig');
  if (schema === undefined) throw new RangeError(`${MODEL_CONFIG_FILE} is not among the embedded files`);
  return schema;
}
