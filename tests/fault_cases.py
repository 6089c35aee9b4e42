"""The faults that the service is tried under, and what it does: the rows of docs/reliability.md.

A test that shows a row, or part of it, carries `@pytest.mark.fault("C-07")`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultCase:
    """One thing that goes wrong."""

    number: str
    #: What happens, in a few words.
    fault: str
    #: What the service does then, in a sentence or two.
    behaviour: str


CASES = (
    FaultCase(
        "C-01",
        "WeChat refuses connections, hangs, resets, drips, cuts its answer off or sends garbage",
        "The person reads that WeChat cannot be reached, within 8 s; programs get 503 with "
        "`Retry-After`. Other pages are as fast as ever, and no thread is left behind.",
    ),
    FaultCase(
        "C-02",
        "WeChat's answer is an error page, empty, cut, no JSON object, 50 MB long or a redirect",
        "A typed error, counted by its kind. No more than 256 kB are read, no redirect is "
        "followed, the text is read as UTF-8 whatever the headers say.",
    ),
    FaultCase(
        "C-03",
        "WeChat refuses the account's token in the middle (40001, 40014, 42001), or is busy (-1)",
        "One renewal, one retry, success. A second refusal is an error and no loop.",
    ),
    FaultCase(
        "C-04",
        "Another system renews the account's token and so kills ours",
        "The service uses WeChat's stable token, which the classic call does not touch. Where "
        "another forces that one out, it costs a second call, and the doctor says so.",
    ),
    FaultCase(
        "C-05",
        "Many processes need the account's token at once",
        "One of them asks WeChat, the others take what it got; in the token's last five minutes "
        "nobody waits for the renewal.",
    ),
    FaultCase(
        "C-06",
        "The process that renews the token is killed in the middle",
        "Its lease runs out, and within 15 s another renews.",
    ),
    FaultCase(
        "C-07",
        "A daily (45009) or a minute's (45011) quota is used up",
        "Desktops are shown the code that needs no quota; WeChat is not asked again until midnight "
        "in Beijing, or for a minute, and the operator reads why.",
    ),
    FaultCase(
        "C-08",
        "The account is set up wrongly: our address (40164, 89503) or the secret (40125)",
        "It is not asked about again at each visit; the status page says in words what to do. "
        "Without the address people log in by the code that needs no token; with a wrong secret "
        "the login page says that logging in does not work just now.",
    ),
    FaultCase(
        "C-09",
        "WeChat takes 4.9 s over everything while 50 people a second log in",
        "Calls in flight are bounded, so static files, polls and keys are answered as ever.",
    ),
    FaultCase(
        "C-10",
        "WeChat sends a push up to three times, also to two processes at once",
        "One change, and the same reply each time.",
    ),
    FaultCase(
        "C-11",
        "Pushes come out of order, late or twice",
        "An attempt never moves back and is claimed at most once; the newest event decides who "
        "follows.",
    ),
    FaultCase(
        "C-12",
        "The database is too slow to answer a push within WeChat's 5 s",
        "WeChat has its answer in time.",
    ),
    FaultCase(
        "C-13",
        "A process is killed between WeChat's answer and the commit",
        "The person logs in again; there is no half login, no session without a person and nobody "
        "twice.",
    ),
    FaultCase(
        "C-14",
        "The whole service is killed",
        "It starts again, and the codes on people's screens still log them in.",
    ),
    FaultCase(
        "C-15",
        "SQLite is locked by another process",
        "It is waited for, then 503 with `Retry-After`; the health check says not ready.",
    ),
    FaultCase(
        "C-16",
        "The database server stops, restarts or drops connections",
        "At most one failed request for each connection, and all is well within 5 s, without a "
        "restart.",
    ),
    FaultCase(
        "C-17",
        "The database server has no connection left",
        "503 instead of hanging.",
    ),
    FaultCase(
        "C-18",
        "Two transactions are in each other's way",
        "The whole unit is done again, a bounded number of times.",
    ),
    FaultCase(
        "C-19",
        "Redis is down, killed, empty, slow, read-only or full",
        "Logins and sessions go on; limits are counted by each process.",
    ),
    FaultCase(
        "C-20",
        "The disk is full",
        "Logins fail with 503, reading goes on, and all is well when there is space again.",
    ),
    FaultCase(
        "C-21",
        "The disk does not confirm what was written (fsync fails)",
        "The person is not told of a success.",
    ),
    FaultCase(
        "C-22",
        "The power fails while SQLite writes",
        "The database opens clean, and nothing that was confirmed is lost.",
    ),
    FaultCase(
        "C-23",
        "The clock is wrong, jumps, changes to winter time, or reaches 2038",
        "No time becomes negative and no session longer. The doctor and the status page say when "
        "the clock is not WeChat's.",
    ),
    FaultCase(
        "C-24",
        "The secret key is changed",
        "What the old key signed and sealed is still read while it stands in "
        "`SECRET_KEY_FALLBACKS`: sessions, open forms, links and numbers on their way, codes in "
        "chats, tokens.",
    ),
    FaultCase(
        "C-25",
        "The database is migrated under load",
        "No request fails, forwards or backwards; of two that migrate at once one does it.",
    ),
    FaultCase(
        "C-26",
        "New code meets old tables, or old code new tables",
        "On old tables `/readyz` says not ready, and to run `flask db upgrade`. On newer ones the "
        "service works on, which lets a release take over without a gap; unless they lack what it "
        "uses, or demand what it does not fill: then `/readyz` says so.",
    ),
    FaultCase(
        "C-27",
        "Two versions share the rows of attempts and sessions",
        "Each leaves alone what it does not know, and serves the other's people.",
    ),
    FaultCase(
        "C-28",
        "The application is loaded once and the processes are forked from it (`--preload`)",
        "Each process has its own connections and random numbers.",
    ),
    FaultCase(
        "C-29",
        "All waiting browsers ask at once after a restart",
        "Each is answered; those who may not wait are sent away for two to five seconds, spread "
        "out.",
    ),
    FaultCase(
        "C-30",
        "The service is stopped while browsers wait",
        "All are answered, and it is gone within 3 s.",
    ),
    FaultCase(
        "C-31",
        "Several services run as one user",
        "None opens gunicorn's control socket, which they would share.",
    ),
    FaultCase(
        "C-32",
        "The service runs with a read-only file system, without root's rights and without a home",
        "It starts and logs people in.",
    ),
    FaultCase(
        "C-33",
        "Nobody reads the log, or its disk is full",
        "Requests go on.",
    ),
    FaultCase(
        "C-34",
        "The service runs for a long time",
        "Memory does not grow, and what has expired is removed.",
    ),
    FaultCase(
        "C-35",
        "A million expired rows are to be removed",
        "They go at most 1,000 at a time, as many as take some 10 ms, and others write in between: "
        "no lock lasts longer than 100 ms.",
    ),
)
