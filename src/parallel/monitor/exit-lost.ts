/** Exit code of a process whose job has lost one: EX_TEMPFAIL of sysexits.h, it may go well when tried again. */
export const EXIT_LOST = 75;
