/** Loaded before a sweep's training: it saves and ends where the process that started it is gone, however that ended. */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref(); // being watched is no reason to stay
