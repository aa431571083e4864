/* Places where a test build can make something go wrong on purpose (-DHEADGATE_FAULTS=ON), and
 * bugs that it can switch on to see whether its tests notice (-DHEADGATE_BUGS=ON). Other builds
 * compile nothing of this. docs/faults.md says how they are used; statements have their points by
 * themselves (db/fault.h). */
#ifndef HEADGATE_BASE_FAULT_H
#define HEADGATE_BASE_FAULT_H

#include "base/base.h"

/// Every point that is not a statement's: its name, and where it lies.
#define FAULT_POINTS(X)                                                                            \
    X("runner.lease", "the lease is taken, nothing else is")                                       \
    X("runner.fence", "the fence is raised, the ledger not yet read")                              \
    X("runner.open", "everything is read, nothing is driven yet")                                  \
    X("runner.rest", "the run rests or has ended; the lease is still ours")                        \
    X("lease.turn", "the lease is about to be renewed")                                            \
    X("run.flushed", "events are durable, the run's state is about to change")                     \
    X("run.changed", "the run's state is changed in the ledger, not yet in memory")                \
    X("step.committed", "a step's transition is committed, nobody is told")                        \
    X("step.told", "its event is queued, not yet written")                                         \
    X("child.start", "a process is about to be started")                                           \
    X("child.started", "a process was started")                                                    \
    X("worker.read", "a batch is read")                                                            \
    X("worker.mapped", "a batch is mapped, nothing of it is written")                              \
    X("worker.effect", "a batch's rows are written, its ledger rows are not")                      \
    X("worker.committed", "a batch is committed")                                                  \
    X("flag.written", "a rollout's flag is written, its ledger row is not")                        \
    X("traffic.intent", "the ledger knows which share of traffic is meant, HAProxy does not")      \
    X("traffic.set", "HAProxy's weights are set, the ledger does not know it")                     \
    X("backup.dump", "the backup is about to be written")                                          \
    X("backup.dumped", "the backup is written, the ledger does not know it")                       \
    X("file.folder", "a folder is about to be made (may fail)")                                    \
    X("file.key", "a key is about to be written (may fail)")                                       \
    X("file.report", "a report is about to be written (may fail)")                                 \
    X("memory.alloc", "memory is about to be asked for, in base/ or for a script (may fail)")      \
    X("ws.send", "a frame is about to be sent to a viewer")                                        \
    X("libpq.send", "a message is about to be handed to libpq")                                    \
    X("libpq.receive", "an answer of the server is awaited")

/// What a point asks its caller to do; a positive number is an errno to fail with.
enum { FAULT_NONE = 0, FAULT_DROP_CONNECTION = -1 };

#ifdef HEADGATE_FAULTS
/// Which command this process is: it is a runner, a worker (rows), joined (worker), a supervisor
/// (serve), or called as the command. What HEADGATE_FAULT says is read anew.
void fault_process(const char *command);
/// Passes a point: does what HEADGATE_FAULT asks for (and may not return), or says what the caller
/// has to do.
int fault_pass(const char *point);
/// Does a write fail here? Then errno is set.
bool fault_fails(const char *point);
/// memory.alloc: does an allocation fail here? Cheap, and passed far more often than anything else.
bool fault_alloc_fails(void);
/// HEADGATE_FAULT_HASTE: how many times faster leases run.
int fault_haste(void);
#define FAULT_PROCESS(command) fault_process(command)
#define FAULT(point) UNUSED(fault_pass(point))
#define FAULT_FAILS(point) fault_fails(point)
#define FAULT_ALLOC_FAILS() fault_alloc_fails()
#define FAULT_HASTE(ms) ((ms) / fault_haste())
#else
#define FAULT_PROCESS(command) UNUSED(command)
#define FAULT(point) UNUSED(0)
#define FAULT_FAILS(point) false
#define FAULT_ALLOC_FAILS() false
#define FAULT_HASTE(ms) (ms)
#endif

#ifdef HEADGATE_BUGS
/// Is this bug switched on (HEADGATE_BUG=name)?
bool fault_bug(const char *name);
#define BUG(name) fault_bug(name)
#else
#define BUG(name) false
#endif

#endif
