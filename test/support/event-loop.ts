/** Lets `count` turns of the event loop pass: enough for everything that is due without a timer to have happened. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
