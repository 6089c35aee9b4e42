"""What the service costs, each beside a baseline that is measured in the same run.

    measuring     rounds, medians of their ratios, the CPU and the memory of processes
    results       one line of the table for each target, and RESULTS.md
    services      the service, the simulator and the baselines, as programs of their own
    clients       a client that costs little
    journeys      people who log in by QR with one
    scans         pushes of a scan, sealed as WeChat seals them
    statements    the SQL of a login, recorded and run again
    halls         a server at which desktops wait, and what it costs
    desktops      ten thousand of them, in a process of their own
    phones        those who confirm
    delays        rounds of how soon a desktop hears of its confirmation
    stamped       the service, with the moment of each commit noted by `stamps`
    nginx         in front of a server
    baselines/    what we are measured against

The other modules are one program each; `python -m benchmarks` runs them. See README.md.
"""
