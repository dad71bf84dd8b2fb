/** What a caller has loaded in place of what a model's directory holds. */
export interface LoadOverrides {
  /** Text of a JSON ModelConfig that rules in place of config.pbtxt. */
  readonly config: string;
  /** Content by path within the model's directory, such as "1/model.onnx". Where there is any, the directory is made of these files alone. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}
