/*
 * The run protocol of resetctl: claim, ledger, fence, commit (TRUST, section 5), as a Promela model for spin 6.5.2.
 *
 * README.md beside this file maps each step to the code. check.sh checks all of it.
 *
 * Each step is one d_step: what the code does in one transaction, one durable journal record or one store commit. Between any
 * two steps everything else may happen. No step can repeat for ever: so each execution of the model ends, and at its end the
 * process Quiet asserts that each run has a known outcome. Runs and agents are counted from 0, owners of locks from 1.
 */

/* ---- bounds; check.sh sets them for each configuration ---- */

#ifndef RUNS
#define RUNS 2            /* run statements that the person signs */
#endif
#ifndef AGENTS
#define AGENTS 1          /* 2: a second process of the same target, with state of its own, empty or copied */
#endif
#ifndef AGENT_CRASHES
#define AGENT_CRASHES 0
#endif
#ifndef CONTROLLER_CRASHES
#define CONTROLLER_CRASHES 0
#endif
#ifndef CUTS
#define CUTS 0            /* database sessions of a living agent that break */
#endif
#ifndef LOSSES
#define LOSSES 0          /* messages between agent and controller that get lost, with their stream */
#endif
#ifndef FAILOVERS
#define FAILOVERS 0       /* promotions of the lagging standby: 0 or 1 */
#endif
#ifndef CANCELS
#define CANCELS 0
#endif
#ifndef RESUMES
#define RESUMES 0         /* and as many failures of the flush */
#endif
#ifndef REPLAYS
#define REPLAYS 0         /* 1: a stolen controller offers run 1, at any time, with the run statement of run 0 */
#endif
#ifndef RESTORES
#define RESTORES 0        /* 1: the controller's store is restored from a backup that knows of no run */
#endif

/* ---- words ---- */

mtype = { NONE, OFFERED, RUNNING, UNKNOWN, COMMITTED, SUCCEEDED, NEEDS_ATTENTION, REFUSED, ROLLED_BACK, CANCELLED };
mtype = { APPROVED, CONSUMED };                      /* the plan; RUNNING too */
mtype = { NO_CLAIM, CLAIM_OPEN, CLAIM_ENDED };
mtype = { OLD, MIXED, NEW };                         /* the application's data */
mtype = { TX_NONE, TX_OPEN, TX_COMMITTING };         /* the reset transaction */
mtype = { NOTHING, ANSWER_COMMIT, ANSWER_ROLLBACK, ANSWER_LOST };
mtype = { ABSENT, RECOVER, IDLE, CLAIM, CLAIMED, BEFORE, BEGIN, CLEAR, RECREATE, LEDGER, ABOUT, PASS, SENT,
          ASK, CLOSE, END, AFTER, FLUSH };           /* where an agent's run thread is */

#define Unchanged(word)  (word == REFUSED || word == ROLLED_BACK || word == CANCELLED)
#define Uncertain(word)  (word == OFFERED || word == RUNNING || word == UNKNOWN)
#define Active(word)     (Uncertain(word) || word == COMMITTED)

/* ---- the target: the primary, as its committed transactions left it ---- */

byte timeline = 1;
byte fence = 0;                   /* resetctl.target */
mtype claim[RUNS] = NO_CLAIM;     /* resetctl.claim; ended with fence 0: void, no run can claim under this id any more */
byte claimFence[RUNS];
byte claimTimeline[RUNS];
bit ledger[RUNS];                 /* resetctl.ledger */
mtype data = OLD;
byte planOf[RUNS];
byte nonceOf[RUNS];
#ifdef WITH_PLAN_TIMELINE
byte planTimeline[RUNS];
#endif
bit rebound = 0;                  /* a signed rebind came after the failover */

#if FAILOVERS > 0
/* The asynchronous standby, as far as it has replayed. */
bit standby = 1;
byte sFence = 0;
mtype sClaim[RUNS] = NO_CLAIM;
byte sClaimFence[RUNS];
byte sClaimTimeline[RUNS];
bit sLedger[RUNS];
mtype sData = OLD;
#endif

/* The one transaction that holds the target's lock. It holds its run's lock too, until it has ended and its rows are seen. */
mtype tx = TX_NONE;
byte txRun;
byte txOwner;                     /* 0: its client is gone */
byte txDone;                      /* 1: cleared, 2: recreated */
bit txDurable;                    /* the commit record is on disk and replicated, its rows are not seen yet */
byte presence;                    /* the session that claimed */
mtype answer[AGENTS] = NOTHING;   /* what an agent's session of the reset brings */

#define RunLocked(r)  (tx != TX_NONE && txRun == r)

/* ---- the journal of each agent: survives its crashes ---- */

#define J(a, r)  ((a) * RUNS + (r))
bit jOffer[AGENTS * RUNS];
bit jFence[AGENTS * RUNS];
bit jAbout[AGENTS * RUNS];        /* about to commit */
bit jCommitted[AGENTS * RUNS];
mtype jEnded[AGENTS * RUNS] = NONE;
bit jLost[AGENTS * RUNS];         /* the end's reason is COMMIT_LOST */
bit jAcknowledged[AGENTS * RUNS];

/* ---- the memory of each agent: its crash empties it ---- */

mtype pc[AGENTS] = ABSENT;
byte cur[AGENTS];                 /* the run whose turn it is */
mtype word[AGENTS] = NONE;        /* the end to report */
bit wordLost[AGENTS];
bit said[AGENTS];                 /* UNKNOWN was said of it */
byte cancelFor[AGENTS];           /* run + 1 */
byte offer[AGENTS];               /* run + 1: received, not taken yet */
byte resumeOrder[AGENTS];
bit asked[AGENTS * RUNS];         /* welcome.expected_runs, not answered yet */
bit unattached[AGENTS];           /* a new process that has not said hello */

/* ---- the controller's store, and its memory ---- */

mtype state[RUNS] = NONE;
bit cancelRequested[RUNS];
mtype plan = APPROVED;
byte plans = 0;                   /* the number of the newest plan */
byte ordered = 0;                 /* runs that were ordered */
byte attached = 0;                /* the agent whose stream is the newest */
byte toSend = 0;                  /* run + 1: stored, its offer not sent yet */

/* ---- budgets: what may still go wrong. Calm: nothing more does ---- */

bit calm = 0;
byte agentCrashes = AGENT_CRASHES, controllerCrashes = CONTROLLER_CRASHES, cuts = CUTS, losses = LOSSES;
byte cancels = CANCELS, resumes = RESUMES, failures = RESUMES, replays = REPLAYS, restores = RESTORES;
bit duplicate = AGENTS - 1;

/* ---- ghosts: what the properties need to remember, and no program knows ---- */

bit ever[RUNS];                   /* the run's transaction was committed, on whatever timeline */
byte i;                           /* of loops inside a d_step; always 0 between them */


/* ---- properties; spin prints the name when one fails ---- */

hidden byte P1_ALL_OR_NOTHING = 1;      /* the data are wholly old or wholly new */
hidden byte P1_CACHE_AFTER_COMMIT = 1;  /* Redis is flushed for a commit only */
hidden byte P5_PLAN_ONCE = 1;           /* a plan commits at most once on a timeline */
hidden byte P5_NONCE_ONCE = 1;          /* a run statement begins at most one run */
hidden byte P5_UNCHANGED_IS_TRUE = 1;   /* REFUSED, ROLLED_BACK, CANCELLED: it did not commit, and never will */
hidden byte P5_COMMITTED_IS_TRUE = 1;   /* COMMITTED, SUCCEEDED, NEEDS_ATTENTION: it did commit */
hidden byte P5_LOST_STOPS_WORK = 1;     /* no claim after a lost commit, before a rebind */
hidden byte P5_LOST_NOT_RESUMED = 1;    /* work after a commit goes on only while the ledger holds the commit */
hidden byte P0_NEVER_SEEN = 1;          /* of the witnesses */
hidden byte P5_ENDS_KNOWN = 1;          /* each run ends by itself in a known state */

/* Committed on any timeline: a commit that a failover has lost is COMMIT_LOST, not 'unchanged'. A second process that has not the
   journal of the first cannot know of that one: there P5 is read as TRUST says it, for the timeline of now. */
#if AGENTS > 1 && FAILOVERS > 0
#define DidCommit(r)  ledger[r]
#else
#define DidCommit(r)  ever[r]
#endif
#define CheckWord(r, w, lost) \
  assert(P5_UNCHANGED_IS_TRUE && !(Unchanged(w) && DidCommit(r))); \
  assert(P5_COMMITTED_IS_TRUE && !((w == COMMITTED || w == SUCCEEDED || (w == NEEDS_ATTENTION && !lost)) && !ever[r]))

#if RUNS > 1
#define Other(r)          (1 - (r))
#define NonceUsed(r)      (claim[Other(r)] != NO_CLAIM && claimFence[Other(r)] > 0 && nonceOf[0] == nonceOf[1])
#define PlanCommitted(r)  (ledger[r] || (ledger[Other(r)] && planOf[0] == planOf[1]))
#define OpenRun(a)        (OpenJournal(a, 0) || OpenJournal(a, 1))
#define Disagrees(a)      (Disagree(a, 0) || Disagree(a, 1))
#define Unsaid(a)         (UnsaidEnd(a, 0) || UnsaidEnd(a, 1))
#else
#define NonceUsed(r)      0
#define PlanCommitted(r)  (ledger[r])
#define OpenRun(a)        OpenJournal(a, 0)
#define Disagrees(a)      Disagree(a, 0)
#define Unsaid(a)         UnsaidEnd(a, 0)
#endif
#define OpenJournal(a, r) (jOffer[J(a, r)] && jEnded[J(a, r)] == NONE)
#define UnsaidEnd(a, r)   (jEnded[J(a, r)] != NONE && !jAcknowledged[J(a, r)])
#define Disagree(a, r)    (!rebound && !ledger[r] && (jCommitted[J(a, r)] || jLost[J(a, r)]))

/* ==== the rules of TRUST, section 5; each can be taken away ==== */

/* Unique nonces make each run statement usable once. */
#ifdef WITHOUT_NONCE
#define NonceRefused(r)   0
#else
#define NonceRefused(r)   NonceUsed(r)
#endif

/* A plan commits at most once: read by the claim and by the reset transaction, and UNIQUE (plan) in the ledger. */
#ifdef WITHOUT_PLAN_ONCE
#define PlanRefused(r)    0
#else
#define PlanRefused(r)    PlanCommitted(r)
#endif
#if defined(WITHOUT_PLAN_ONCE) || defined(WITHOUT_UNIQUE_PLAN)
#define DoubleInLedger(r) 0
#else
#define DoubleInLedger(r) PlanCommitted(r)
#endif

/* Journal and ledger disagree: reported, and work stops. */
#ifdef WITHOUT_STOP_ON_DISAGREEMENT
#define DisagreementRefused(a) 0
#else
#define DisagreementRefused(a) Disagrees(a)
#endif
#ifdef WITHOUT_LEDGER_AT_RESUME
#define ResumeAllowed(r)  1
#else
#define ResumeAllowed(r)  ledger[r]
#endif

/* TRUST does not ask for this one: a plan is stale on another timeline than its own. */
#ifdef WITH_PLAN_TIMELINE
#define PlanOfThen(r)     (planTimeline[r] != timeline)
#else
#define PlanOfThen(r)     0
#endif

#define ClaimRefused(r) \
  (PlanOfThen(r) || presence != 0 || tx != TX_NONE || claim[r] != NO_CLAIM || NonceRefused(r) || PlanRefused(r) || DisagreementRefused(a))

/* The fence is the newest, the claim is open, and of the timeline of now: a promotion can take the end of a claim back. Read after
   the run's lock was taken. */
#if defined(WITHOUT_FENCE) || defined(WITHOUT_OPEN_CLAIM)
#define ClaimHolds(r)     1
#else
#define ClaimHolds(r)     (claim[r] == CLAIM_OPEN)
#endif
#if defined(WITHOUT_FENCE) || defined(WITHOUT_NEWEST_FENCE)
#define NewestFence(r)    1
#else
#define NewestFence(r)    (claimFence[r] == fence)
#endif
#if defined(WITHOUT_FENCE) || defined(WITHOUT_CLAIM_TIMELINE)
#define ClaimOfNow(r)     1
#else
#define ClaimOfNow(r)     (claimTimeline[r] == timeline)
#endif
#define FenceHolds(r)     (ClaimHolds(r) && NewestFence(r) && ClaimOfNow(r) && !PlanRefused(r))

/* Absence proves a rollback only on the same timeline ... */
#ifdef WITHOUT_SAME_TIMELINE
#define SameTimeline(r)   1
#else
#define SameTimeline(r)   (claimTimeline[r] == timeline)
#endif

/* ... and after the run's lock was taken. What another timeline says is certain too: the commit is lost, or was never made. */
#ifdef WITHOUT_RUN_LOCK
#define LockTaken(r)      1
#else
#define LockTaken(r)      (!RunLocked(r))
#endif
#ifdef WITHOUT_COMMIT_LOST
#define Certain(r) \
  (LockTaken(r) && (ledger[r] || (claim[r] != NO_CLAIM && SameTimeline(r)) || (claim[r] == NO_CLAIM && !jFence[J(a, r)])))
#else
#define Certain(r)        LockTaken(r)
#endif

/* A new process closes a claim that no journal knows, when its run has certainly not committed. */
#define CanVoid(r) \
  (claim[r] == CLAIM_OPEN && !jOffer[J(a, r)] && jEnded[J(a, r)] == NONE && !RunLocked(r) && !ledger[r] && SameTimeline(r))

/* ==== the controller's store: one move of a run, and of its plan ==== */

/* An agent's word. What contradicts the store is logged and acknowledged, and changes nothing (PathTo, TryReport). */
inline Take(r, w, lost) {
  if
  :: state[r] == NONE || state[r] == w -> skip
  :: else ->
     if
     :: w == RUNNING && (state[r] == OFFERED || state[r] == UNKNOWN) -> state[r] = w
     :: w == UNKNOWN && (state[r] == OFFERED || state[r] == RUNNING) -> state[r] = w
     :: w == COMMITTED && Uncertain(state[r]) -> CheckWord(r, w, 0); state[r] = w; plan = CONSUMED
     :: (w == SUCCEEDED && (Active(state[r]) || state[r] == NEEDS_ATTENTION)) || (w == NEEDS_ATTENTION && Active(state[r])) ->
          CheckWord(r, w, lost); state[r] = w; plan = CONSUMED
     :: Unchanged(w) && Uncertain(state[r]) ->
          CheckWord(r, w, 0); state[r] = w;
          if
          :: plan == RUNNING && r == ordered - 1 -> plan = APPROVED
          :: else
          fi
     :: else
     fi
  fi
}

inline Tell(a, r, w) {
  if
  :: attached == a + 1 -> Take(r, w, 0)
  :: else
  fi
}

/* ==== the target's transactions ==== */

inline TransactionGone() {
  assert(P1_ALL_OR_NOTHING && data != MIXED);
  tx = TX_NONE; txRun = 0; txOwner = 0; txDone = 0; txDurable = 0
}

/* The rows of the reset and of the ledger are seen, and the locks let go. */
inline TargetCommits(r) {
  assert(P1_ALL_OR_NOTHING && txDone == 2);
#if RUNS > 1
  assert(P5_PLAN_ONCE && !(ledger[Other(r)] && planOf[0] == planOf[1]));
#endif
  assert(P5_PLAN_ONCE && !ledger[r]);
  assert(P5_UNCHANGED_IS_TRUE && !Unchanged(state[r]) && !Unchanged(jEnded[J(0, r)]));
#if AGENTS > 1
  assert(P5_UNCHANGED_IS_TRUE && !Unchanged(jEnded[J(1, r)]));
#endif
  ledger[r] = 1; data = NEW; ever[r] = 1
}

inline CloseClaim(r) {
  if
  :: claim[r] == CLAIM_OPEN -> claim[r] = CLAIM_ENDED
  :: else
  fi
}

inline LetPresenceGo(a) {
  if
  :: presence == a + 1 -> presence = 0
  :: else
  fi
}

#if FAILOVERS > 0
#define Replayed1(r) (sClaim[r] == claim[r] && sClaimFence[r] == claimFence[r] && sClaimTimeline[r] == claimTimeline[r] && \
                      sLedger[r] == ledger[r])
#if RUNS > 1
#define Replayed     (sFence == fence && sData == data && Replayed1(0) && Replayed1(1))
#else
#define Replayed     (sFence == fence && sData == data && Replayed1(0))
#endif
inline Replicate() {
  sFence = fence; sData = data;
  i = 0;
  do
  :: i < RUNS ->
       sClaim[i] = claim[i]; sClaimFence[i] = claimFence[i]; sClaimTimeline[i] = claimTimeline[i]; sLedger[i] = ledger[i]; i++
  :: else -> break
  od;
  i = 0
}
#endif

/* ==== the agent ==== */

#define a     _pid
#define run   cur[a]
#define jr    J(a, run)
#define Mine  (tx == TX_OPEN && txOwner == a + 1)
#define AsCancelled(w)  (cancelFor[a] == run + 1 -> CANCELLED : w)
#define At(step)        pc[a] == step

inline Finish(w, lost) { word[a] = w; wordLost[a] = lost; pc[a] = END }
inline Unchange(w) { word[a] = w; pc[a] = CLOSE; answer[a] = NOTHING }
inline Rest() { pc[a] = IDLE; cur[a] = 0; word[a] = NONE; wordLost[a] = 0; said[a] = 0; LetPresenceGo(a) }

inline SayUnknown() {
#ifndef CONTROL_ENDLESS                /* not a rule: shows that the search for endless executions finds one */
  said[a] = 1;
#endif
  Tell(a, run, UNKNOWN)
}

/* RunBook::Report: the end is in the journal before it is said. */
inline JournalEnd(r, w, lost) {
  CheckWord(r, w, lost);
  jEnded[J(a, r)] = w; jLost[J(a, r)] = lost; jAcknowledged[J(a, r)] = 0
}

inline Hello(r, expected) {
  expected = Active(state[r]);
  if
  :: UnsaidEnd(a, r) ->
       Take(r, jEnded[J(a, r)], jLost[J(a, r)]); jAcknowledged[J(a, r)] = 1; expected = 0
  :: else ->
     if
     :: OpenJournal(a, r) && jFence[J(a, r)] ->
          if
          :: jCommitted[J(a, r)] -> Take(r, COMMITTED, 0)
          :: !jCommitted[J(a, r)] && said[a] && run == r -> Take(r, UNKNOWN, 0)
          :: else -> Take(r, RUNNING, 0)
          fi;
          expected = 0
     :: else
     fi
  fi;
  if
  :: expected -> asked[J(a, r)] = 1
  :: else
  fi;
  if
  :: cancelRequested[r] && Uncertain(state[r]) -> cancelFor[a] = r + 1
  :: else
  fi;
  expected = 0
}

/* A run of this agent was committed, and the timeline of now does not hold it. */
#define LostOf(x, r)  (jFence[J(x, r)] && ever[r] && !ledger[r])

/* ClaimRun: one short transaction. */
inline ClaimRun(r) {
  assert(P5_LOST_STOPS_WORK && (rebound || !(LostOf(a, 0) || LostOf(a, RUNS - 1))));
  assert(P5_NONCE_ONCE && !NonceUsed(r));
  fence++; claim[r] = CLAIM_OPEN; claimFence[r] = fence; claimTimeline[r] = timeline
}

/* The run did not commit, and now it cannot any more: in the transaction that holds its lock its claim is closed, or, where there
   is none, a void one is left. */
inline EndInTarget(r, w) {
  if
  :: claim[r] == NO_CLAIM ->
#ifndef WITHOUT_VOID_CLAIM
       claim[r] = CLAIM_ENDED; claimTimeline[r] = timeline;
#endif
       Finish(w, 0)
  :: else ->
#ifdef WITHOUT_END_UNDER_LOCK
       Unchange(w)
#else
       CloseClaim(r); Finish(w, 0)
#endif
  fi
}

/* The steps that an agent takes for run r, whichever it is. */
#define StepsOf(r) \
  /* What an earlier process left: recovery. It comes before anything new. */ \
  :: d_step { At(IDLE) && OpenJournal(a, r) -> cur[a] = r; SettleFirst() } \
  /* A welcome asks for a run. */ \
  :: d_step { At(IDLE) && !OpenRun(a) && asked[J(a, r)] -> \
       asked[J(a, r)] = 0; \
       if \
       :: jEnded[J(a, r)] != NONE -> jAcknowledged[J(a, r)] = 0 \
       :: else -> cur[a] = r; pc[a] = ASK \
       fi } \
  :: d_step { !(At(IDLE)) && !(At(RECOVER)) && !(At(ABSENT)) && run == r && asked[J(a, r)] -> \
       asked[J(a, r)] = 0; \
       if \
       :: jFence[J(a, r)] && jEnded[J(a, r)] == NONE -> Tell(a, r, RUNNING) \
       :: else \
       fi } \
  /* An end is delivered, and acknowledged ... */ \
  :: d_step { attached == a + 1 && UnsaidEnd(a, r) -> Take(r, jEnded[J(a, r)], jLost[J(a, r)]); jAcknowledged[J(a, r)] = 1 } \
  /* ... or its acknowledgement is lost. */ \
  :: d_step { !calm && losses > 0 && attached == a + 1 && UnsaidEnd(a, r) -> \
       losses--; Take(r, jEnded[J(a, r)], jLost[J(a, r)]); attached = 0 }

inline SettleFirst() {
#ifdef WITHOUT_ASKING_BEFORE_REFUSED
  if
  :: jFence[jr] -> pc[a] = ASK
  :: else -> word[a] = REFUSED; pc[a] = CLOSE
  fi
#else
  pc[a] = ASK
#endif
}

active [AGENTS] proctype Agent() {
  bit expected;
end:
  do
  StepsOf(0)
#if RUNS > 1
  StepsOf(1)
#endif

  /* ---- processes begin and end ---- */

  :: d_step { At(ABSENT) && a == 0 -> pc[a] = RECOVER }
#if AGENTS > 1
  :: d_step { At(ABSENT) && a == 1 && !calm && duplicate -> duplicate = 0; unattached[a] = 1; pc[a] = RECOVER }
  :: d_step { At(ABSENT) && a == 1 && !calm && duplicate ->   /* with a copy of the other's state directory */
       duplicate = 0; unattached[a] = 1; pc[a] = RECOVER;
       i = 0;
       do
       :: i < RUNS ->
            jOffer[RUNS + i] = jOffer[i]; jFence[RUNS + i] = jFence[i]; jAbout[RUNS + i] = jAbout[i];
            jCommitted[RUNS + i] = jCommitted[i]; jEnded[RUNS + i] = jEnded[i]; jLost[RUNS + i] = jLost[i];
            jAcknowledged[RUNS + i] = jAcknowledged[i]; i++
       :: else -> break
       od;
       i = 0 }
#endif
  :: d_step { !(At(ABSENT)) && !calm && agentCrashes > 0 ->
       agentCrashes--;
       Rest(); pc[a] = RECOVER; cancelFor[a] = 0; offer[a] = 0; resumeOrder[a] = 0; answer[a] = NOTHING;
       i = 0;
       do
       :: i < RUNS -> asked[J(a, i)] = 0; i++
       :: else -> break
       od;
       i = 0;
       if
       :: txOwner == a + 1 -> txOwner = 0
       :: else
       fi;
       if
       :: attached == a + 1 -> attached = 0
       :: else
       fi }

  /* ---- the link: hello and welcome ---- */

  :: d_step { !(At(ABSENT)) && attached != a + 1 && (attached == 0 || unattached[a] || Unsaid(a)) ->
       unattached[a] = 0; attached = a + 1;
       Hello(0, expected);
#if RUNS > 1
       Hello(1, expected)
#endif
     }

  /* ---- recovery ends with claims that no journal knows ---- */

  :: d_step { At(RECOVER) -> pc[a] = IDLE }
#if AGENTS > 1
  :: d_step { At(RECOVER) && CanVoid(0) -> claim[0] = CLAIM_ENDED }
#if RUNS > 1
  :: d_step { At(RECOVER) && CanVoid(1) -> claim[1] = CLAIM_ENDED }
#endif
#endif

  /* ---- an offer: verify, journal, claim, journal, accept ---- */

  :: d_step { At(IDLE) && !OpenRun(a) && offer[a] > 0 ->
       cur[a] = offer[a] - 1; offer[a] = 0;
       if
       :: jEnded[jr] == NONE -> jOffer[jr] = 1; pc[a] = CLAIM
       :: else -> Rest()           /* it came twice, or was refused before it came */
       fi }
  :: d_step { At(IDLE) && !OpenRun(a) && offer[a] > 0 && jEnded[J(a, offer[a] - 1)] == NONE ->
       cur[a] = offer[a] - 1; offer[a] = 0; Finish(REFUSED, 0) }
  :: d_step { offer[a] > 0 && !(At(IDLE)) && !(At(RECOVER)) && offer[a] != run + 1 ->     /* TARGET_BUSY */
       if
       :: jEnded[J(a, offer[a] - 1)] == NONE -> JournalEnd((offer[a] - 1), REFUSED, 0)
       :: else
       fi;
       offer[a] = 0 }

  :: d_step { At(CLAIM) && !ClaimRefused(run) -> ClaimRun(run); presence = a + 1; pc[a] = CLAIMED }
  :: d_step { At(CLAIM) && ClaimRefused(run) -> Finish(REFUSED, 0) }
  /* The answer to the claim's COMMIT is lost: refused, and the claim stays. */
  :: d_step { At(CLAIM) && !ClaimRefused(run) && !calm && cuts > 0 -> cuts--; ClaimRun(run); Finish(REFUSED, 0) }
  :: d_step { At(CLAIMED) -> jFence[jr] = 1; Tell(a, run, RUNNING); pc[a] = BEFORE }
  :: d_step { At(BEFORE) ->
       if
       :: cancelFor[a] == run + 1 -> Unchange(CANCELLED)
       :: else -> pc[a] = BEGIN
       fi }

  /* ---- the reset transaction ---- */

  :: d_step { At(BEGIN) ->
       answer[a] = NOTHING;
       if
       :: tx == TX_NONE && FenceHolds(run) -> tx = TX_OPEN; txRun = run; txOwner = a + 1; pc[a] = CLEAR
       :: else -> Unchange(ROLLED_BACK)
       fi }
  :: d_step { At(CLEAR) && Mine ->
#ifdef WITHOUT_ONE_TRANSACTION
       data = MIXED;
#endif
       txDone = 1; pc[a] = RECREATE }
  :: d_step { At(RECREATE) && Mine ->
#ifdef WITHOUT_ONE_TRANSACTION
       data = NEW;
#endif
       txDone = 2; pc[a] = LEDGER }
  :: d_step { At(LEDGER) && Mine && !DoubleInLedger(run) -> pc[a] = ABOUT }
  :: d_step { At(ABOUT) && Mine ->
#ifndef WITHOUT_JOURNAL_BEFORE_COMMIT
       jAbout[jr] = 1;
#endif
       pc[a] = PASS }
  :: d_step { At(PASS) && Mine && cancelFor[a] != run + 1 ->
#ifdef WITHOUT_CACHE_AFTER_COMMIT
       assert(P1_CACHE_AFTER_COMMIT && ever[run]);
#endif
       tx = TX_COMMITTING; pc[a] = SENT }
  /* Any of these fails, or is cancelled: rolled back by us ... */
  :: d_step { (At(CLEAR) || At(RECREATE) || At(LEDGER) || At(ABOUT) || At(PASS)) && Mine ->
       TransactionGone(); Unchange(AsCancelled(ROLLED_BACK)) }
  /* ... or by the server, when the session has broken. */
  :: d_step { (At(CLEAR) || At(RECREATE) || At(LEDGER) || At(ABOUT) || At(PASS)) && !Mine -> Unchange(AsCancelled(ROLLED_BACK)) }

  :: d_step { At(SENT) && answer[a] == ANSWER_COMMIT -> answer[a] = NOTHING; pc[a] = AFTER }
  :: d_step { At(SENT) && answer[a] == ANSWER_ROLLBACK -> Unchange(ROLLED_BACK) }
  :: d_step { At(SENT) && answer[a] == ANSWER_LOST -> answer[a] = NOTHING; pc[a] = ASK }
#ifdef WITHOUT_LEDGER_AT_CANCEL
  :: d_step { (At(SENT) || At(ASK)) && cancelFor[a] == run + 1 ->
       if
       :: txOwner == a + 1 -> txOwner = 0
       :: else
       fi;
       Unchange(CANCELLED) }
#endif

  /* ---- what became of it? AskLedger, in one transaction with the end of the claim ---- */

  :: d_step { At(ASK) && !said[a] && !Certain(run) -> SayUnknown() }
#if FAILOVERS > 0
  :: d_step { At(ASK) && !said[a] && standby -> SayUnknown() }       /* it is the standby that answers */
#ifdef WITHOUT_PRIMARY
  :: d_step { At(ASK) && standby && !sLedger[run] && jFence[jr] -> Unchange(ROLLED_BACK) }
#endif
#endif
  :: d_step { At(ASK) && Certain(run) && ledger[run] ->
       if
       :: jOffer[jr] -> pc[a] = AFTER
       :: else -> Finish(NEEDS_ATTENTION, 0)                          /* the journal is lost, and what was left to do with it */
       fi }
  :: d_step { At(ASK) && Certain(run) && !ledger[run] ->
       if
       :: claim[run] != NO_CLAIM && SameTimeline(run) ->
            if
            :: jCommitted[jr] -> Finish(NEEDS_ATTENTION, 1)
            :: !jCommitted[jr] && (jFence[jr] || !jOffer[jr]) -> EndInTarget(run, ROLLED_BACK)
            :: else -> EndInTarget(run, REFUSED)
            fi
       :: claim[run] == NO_CLAIM && !jFence[jr] ->                   /* no transaction was begun, and none will be */
            EndInTarget(run, REFUSED)
       :: else ->                                                     /* another timeline */
            if
            :: jAbout[jr] || jCommitted[jr] || !jOffer[jr] -> Finish(NEEDS_ATTENTION, 1)
            :: else -> EndInTarget(run, ROLLED_BACK)                  /* the COMMIT was never sent */
            fi
       fi }

  /* ---- ends ---- */

  :: d_step { At(CLOSE) -> CloseClaim(run); pc[a] = END }
  :: d_step { At(END) -> JournalEnd(run, word[a], wordLost[a]);
       if
       :: cancelFor[a] == run + 1 -> cancelFor[a] = 0
       :: else
       fi;
       Rest() }

  :: d_step { At(AFTER) ->
#ifdef WITHOUT_JOURNAL_BEFORE_COMMIT
       jAbout[jr] = 1;
#endif
       CheckWord(run, COMMITTED, 0);
       jCommitted[jr] = 1; LetPresenceGo(a); Tell(a, run, COMMITTED); pc[a] = FLUSH }
  :: d_step { At(FLUSH) -> assert(P1_CACHE_AFTER_COMMIT && ever[run]); Finish(SUCCEEDED, 0) }
  :: d_step { At(FLUSH) && failures > 0 -> failures--; Finish(NEEDS_ATTENTION, 0) }

  :: d_step { At(IDLE) && !OpenRun(a) && resumeOrder[a] > 0 ->
       cur[a] = resumeOrder[a] - 1; resumeOrder[a] = 0;
       if
       :: jCommitted[jr] && jEnded[jr] == NEEDS_ATTENTION && !jLost[jr] && ResumeAllowed(run) ->
            assert(P5_LOST_NOT_RESUMED && ledger[run]);
            jEnded[jr] = NONE; jAcknowledged[jr] = 0; pc[a] = FLUSH
       :: jCommitted[jr] && jEnded[jr] == NEEDS_ATTENTION && !jLost[jr] && !ResumeAllowed(run) ->
            JournalEnd(run, NEEDS_ATTENTION, 1); Rest()
       :: else ->                                                     /* refused: it needs attention as before */
            if
            :: attached == a + 1 -> Take(run, NEEDS_ATTENTION, 1)
            :: else -> jAcknowledged[jr] = 0                          /* the next welcome asks, and its end is said again */
            fi;
            Rest()
       fi }
  od
}

#undef a
#undef run

/* ==== PostgreSQL ==== */

#define SessionsOfA  (txOwner == 1 || presence == 1)

active proctype Target() {
end:
  do
  /* The server notices that its client has gone. */
  :: d_step { tx == TX_OPEN && txOwner == 0 -> TransactionGone() }
  /* COMMIT ends, at once or after a long wait for a synchronous standby, with or without its client. */
  :: d_step { tx == TX_COMMITTING ->
       TargetCommits(txRun);
       if
       :: txOwner > 0 -> answer[txOwner - 1] = ANSWER_COMMIT
       :: else
       fi;
       TransactionGone() }
  /* It fails (a deferred constraint), or the server restarts before the record is on disk. */
  :: d_step { tx == TX_COMMITTING && !txDurable ->
       if
       :: txOwner > 0 -> answer[txOwner - 1] = ANSWER_ROLLBACK
       :: else
       fi;
       TransactionGone() }
  /* The sessions of a living agent break. The server may go on with its COMMIT. */
  :: d_step { !calm && cuts > 0 && SessionsOfA ->
       cuts--;
       if
       :: presence == 1 -> presence = 0
       :: else
       fi;
       if
       :: tx == TX_OPEN && txOwner == 1 -> TransactionGone()
       :: tx == TX_COMMITTING && txOwner == 1 -> txOwner = 0; answer[0] = ANSWER_LOST
       :: else
       fi }
#if FAILOVERS > 0
  /* The standby replays what is committed, and perhaps a COMMIT whose rows the primary does not show yet. */
  :: d_step { !calm && standby && tx != TX_COMMITTING && !Replayed -> Replicate() }
  :: d_step { !calm && standby && tx == TX_COMMITTING && !txDurable -> Replicate(); sLedger[txRun] = 1; sData = NEW; txDurable = 1 }
  /* It is promoted. What it has not replayed is lost, and every session with it. */
  :: d_step { !calm && standby ->
       standby = 0; timeline++; fence = sFence; data = sData;
       i = 0;
       do
       :: i < RUNS ->
            claim[i] = sClaim[i]; claimFence[i] = sClaimFence[i]; claimTimeline[i] = sClaimTimeline[i];
            ledger[i] = sLedger[i]; ever[i] = ever[i] || sLedger[i];
            sClaim[i] = NO_CLAIM; sClaimFence[i] = 0; sClaimTimeline[i] = 0; sLedger[i] = 0; i++
       :: else -> break
       od;
       i = 0; sFence = 0; sData = OLD;
       if
       :: txOwner > 0 -> answer[txOwner - 1] = ANSWER_LOST
       :: else
       fi;
       TransactionGone(); presence = 0 }
#endif
  od
}

/* ==== the controller, and the persons who speak to it ==== */

#define LastRun    (ordered - 1)
#define MayOrder   (ordered < RUNS && attached > 0 && toSend == 0 && \
                    (plan == APPROVED || (plan == CONSUMED && FAILOVERS > 0 && !Active(state[LastRun]))))

inline StoreRun() {
  if
  :: plan == CONSUMED -> plans++
  :: else
  fi;
#ifdef WITH_PLAN_TIMELINE
  planTimeline[ordered] = 1;
#endif
  planOf[ordered] = plans; nonceOf[ordered] = ordered;
  state[ordered] = OFFERED; plan = RUNNING; ordered++; toSend = ordered
}

#define PersonsStepsOf(r) \
  /* An offer is not answered for a minute, or the agent's lease is over. */ \
  :: d_step { state[r] == OFFERED && toSend == 0 -> state[r] = UNKNOWN; attached = 0 } \
  :: d_step { state[r] == RUNNING && attached == 0 -> state[r] = UNKNOWN } \
  :: d_step { !calm && cancels > 0 && Uncertain(state[r]) -> \
       cancels--; cancelRequested[r] = 1; \
       if \
       :: attached > 0 -> cancelFor[attached - 1] = r + 1 \
       :: else \
       fi } \
  :: d_step { !calm && resumes > 0 && state[r] == NEEDS_ATTENTION && attached > 0 -> \
       resumes--; state[r] = COMMITTED; resumeOrder[attached - 1] = r + 1 }

active proctype Controller() {
end:
  do
  :: d_step { !calm && MayOrder -> StoreRun() }
  :: d_step { toSend > 0 ->
       if
       :: attached > 0 -> offer[attached - 1] = toSend
       :: else
       fi;
       toSend = 0 }
  :: d_step { !calm && losses > 0 && toSend > 0 -> losses--; toSend = 0; attached = 0 }
  :: d_step { !calm && controllerCrashes > 0 -> controllerCrashes--; toSend = 0; attached = 0 }
  PersonsStepsOf(0)
#if RUNS > 1
  PersonsStepsOf(1)
#endif
#if FAILOVERS > 0
  /* A signed rebind: refused while a run is active. */
  :: d_step { !calm && timeline > 1 && !rebound && attached > 0 && pc[attached - 1] == IDLE && offer[attached - 1] == 0 &&
              ordered > 0 && !Active(state[LastRun]) ->
       rebound = 1;
       i = 0;
       do
       :: i < RUNS && !ledger[i] -> CloseClaim(i); i++
       :: i < RUNS && ledger[i] -> i++
       :: else -> break
       od;
       i = 0 }
#endif
#if REPLAYS > 0
  :: d_step { !calm && replays > 0 && ordered == 1 && attached > 0 && toSend == 0 ->
       replays--; planOf[1] = planOf[0]; nonceOf[1] = nonceOf[0]; state[1] = OFFERED; ordered++; toSend = ordered }
#endif
#if RESTORES > 0
  :: d_step { !calm && restores > 0 && ordered == 1 ->
       restores--; state[0] = NONE; cancelRequested[0] = 0; plan = APPROVED; toSend = 0; attached = 0 }
#endif
  od
}

/* ==== the end ==== */

#define KnownEnd(r) \
  assert(P5_ENDS_KNOWN && (state[r] == NONE || Unchanged(state[r]) || state[r] == SUCCEEDED || state[r] == NEEDS_ATTENTION))

active proctype Quiet() {
  calm = 1;
  /* Nothing at all can happen any more. */
  timeout;
  assert(P1_ALL_OR_NOTHING && data != MIXED && tx == TX_NONE);
  KnownEnd(0);
#if RUNS > 1
  KnownEnd(1);
#endif
  /* Not properties: each shows that the model can come where the properties would be worth nothing if it could not. */
#ifdef WITNESS_CRASHED_AND_SUCCEEDED
  assert(P0_NEVER_SEEN && !(state[0] == SUCCEEDED && agentCrashes == 0));
#endif
#ifdef WITNESS_RESUMED
  assert(P0_NEVER_SEEN && !(state[0] == SUCCEEDED && failures == 0 && resumes == 0));
#endif
#ifdef WITNESS_COMMIT_LOST
  assert(P0_NEVER_SEEN && !(state[0] == NEEDS_ATTENTION && jLost[0] && ever[0] && !ledger[0]));
#endif
#ifdef WITNESS_RUN_AFTER_REBIND
  assert(P0_NEVER_SEEN && !(rebound && state[0] == NEEDS_ATTENTION && jLost[0] && state[1] == SUCCEEDED));
#endif
#ifdef WITNESS_DUPLICATE_COMMITS
  assert(P0_NEVER_SEEN && !(state[0] == SUCCEEDED && jCommitted[1] && jEnded[0] != NONE));
#endif
}
