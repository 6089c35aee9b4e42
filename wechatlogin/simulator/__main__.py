"""`python -m wechatlogin.simulator --host 127.0.0.1 --port 5001`."""

import argparse
import logging
import sys

from werkzeug.serving import make_server

from wechatlogin.simulator import SimulatorSettings, create_simulator


def main() -> int:
    """Run the simulator until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m wechatlogin.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="要监听的地址")
    parser.add_argument("--port", type=int, default=5001, help="要监听的端口")
    parser.add_argument("--open", action="store_true", help="让别的机器也能用手机页和控制接口")
    chosen = parser.parse_args()
    app = create_simulator(SimulatorSettings(open_to_network=chosen.open))
    try:
        server = make_server(chosen.host, chosen.port, app, threaded=True)
    except (OSError, SystemExit):
        # Werkzeug leaves by SystemExit when the port is taken.
        print(
            f"{chosen.host}:{chosen.port} 已被占用，请换一个端口：--port 5002\n"
            f"{chosen.host}:{chosen.port} is taken; choose another port: --port 5002",
            file=sys.stderr,
        )
        return 1
    # The phone page asks every second; `/simulator/calls` shows what matters.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    print(f"模拟器 / simulator: http://{chosen.host}:{chosen.port}/phone", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
