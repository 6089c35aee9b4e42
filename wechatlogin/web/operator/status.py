"""The status page: does WeChat login work?

GET /operator/status          the whole page; `period` is what is counted: hour, day or week
GET /operator/status/board    what changes on it, which the page fetches again and again
"""

from flask import render_template, url_for

from wechatlogin import clock
from wechatlogin.models import Role
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk, status_board
from wechatlogin.web.operator.status_board import Period
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("status", __name__, "/status", role=Role.VIEWER)


@bp.get("")
def show() -> str:
    period = _period()
    return render_template(
        "operator/status.html",
        board_url=url_for("operator_status.show_board", period=period),
        **_board(period),
    )


@bp.get("/board")
def show_board() -> str:
    return render_template("components/status_board.html", **_board(_period()))


def _period() -> Period:
    asked = get_single("period")
    return Period(asked) if asked in set(Period) else Period.DAY


def _board(period: Period) -> dict[str, object]:
    may_decide = desk.current_operator().may(Role.ADMIN)
    return {
        **status_board.draw(current_site(), period, now=clock.now()),
        "doctor_url": url_for("operator_doctor.show"),
        "merges_url": url_for("operator_merges.show_all") if may_decide else None,
        "reload_url": url_for("operator_status.show", period=period),
        "periods": [
            {
                "label": status_board.name_period(each),
                "url": url_for("operator_status.show", period=each),
                "is_current": each == period,
            }
            for each in Period
        ],
    }
