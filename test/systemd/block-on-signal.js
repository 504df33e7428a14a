// Loaded into a daemon under test: at SIGUSR2 its event loop stands still for good.
process.on('SIGUSR2', () => {
  process.stderr.write('{"msg":"standing still"}\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);
});
