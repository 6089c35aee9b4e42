"""flask doctor [APPID]                       why WeChat login does not work, and what helps
flask doctor [APPID] --wait-for-push 120   wait until WeChat has sent something
flask doctor --json                        the same for programs
flask doctor --markdown                    docs/troubleshooting.md
"""

import json
import time
from datetime import datetime, timedelta

import click
from flask.cli import with_appcontext

from wechatlogin import clock
from wechatlogin.errors import NotConfigured
from wechatlogin.services import doctor, wechat_apps
from wechatlogin.services.doctor import Finding, Report, State, troubleshooting
from wechatlogin.services.site import Site
from wechatlogin.web.context import current_site

#: How often a push is looked for.
LOOK_SECONDS = 1.0
_WORDS = {State.OK: "ok", State.WRONG: "wrong", State.UNKNOWN: "can't tell"}
_COLOURS = {State.OK: "green", State.WRONG: "red", State.UNKNOWN: "yellow"}


@click.command("doctor")
@click.argument("appid", required=False)
@click.option("--wait-for-push", type=click.IntRange(1, 3600), help="Seconds to wait for WeChat.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--markdown", is_flag=True, help="Print docs/troubleshooting.md instead.")
@with_appcontext
def command(appid: str | None, wait_for_push: int | None, *, as_json: bool, markdown: bool) -> None:
    """Examine the set-up step by step; exit with 1 when something is wrong."""
    site = current_site().speaking("en")
    if markdown:
        click.echo(troubleshooting.as_markdown(site), nl=False)
        return
    _verify_known(appid)
    report = doctor.examine_all(site, now=clock.now(), appid=appid)
    if as_json:
        click.echo(json.dumps(_plain(site, report), ensure_ascii=False, indent=2))
    else:
        _print(site, report)
    is_wrong = report.count(State.WRONG) > 0
    if wait_for_push:
        is_wrong = not _wait_for_push(site, appid, wait_for_push) or is_wrong
    raise SystemExit(1 if is_wrong else 0)


def _verify_known(appid: str | None) -> None:
    try:
        if appid is not None:
            wechat_apps.verify(appid)
    except NotConfigured as err:
        raise click.ClickException(f"there is no WeChat app {appid}") from err


def _print(site: Site, report: Report) -> None:
    click.secho("The installation", bold=True)
    for finding in report.installation:
        _print_finding(site, finding)
    for app in report.apps:
        click.secho(f"\n{app.name} {app.appid}", bold=True)
        for finding in app.findings:
            _print_finding(site, finding)
    counts = ", ".join(f"{report.count(state)} {_WORDS[state]}" for state in State)
    click.echo(f"\n{counts}")


def _print_finding(site: Site, finding: Finding) -> None:
    word = click.style(f"{_WORDS[finding.state]:<10}", fg=_COLOURS[finding.state])
    details = _details(finding)
    click.echo(
        f"  {word}  {site.translate(doctor.TITLES[finding.step])}: {finding.reason}{details}"
    )
    if finding.remedy:
        click.echo(f"              → {finding.remedy}")


def _details(finding: Finding) -> str:
    named = (("errcode", finding.errcode), ("rid", finding.rid))
    parts = [f"{name} {value}" for name, value in named if value]
    return f" [{', '.join(parts)}]" if parts else ""


def _plain(site: Site, report: Report) -> dict[str, object]:
    return {
        "is_wrong": report.count(State.WRONG) > 0,
        "installation": [_plain_finding(site, finding) for finding in report.installation],
        "apps": [
            {
                "appid": app.appid,
                "name": app.name,
                "findings": [_plain_finding(site, finding) for finding in app.findings],
            }
            for app in report.apps
        ],
    }


def _plain_finding(site: Site, finding: Finding) -> dict[str, object]:
    return {
        "step": finding.step,
        "title": site.translate(doctor.TITLES[finding.step]),
        "state": finding.state,
        "reason": finding.reason,
        "remedy": finding.remedy,
        "errcode": finding.errcode,
        "rid": finding.rid,
    }


def _wait_for_push(site: Site, appid: str | None, seconds: int) -> bool:
    """Wait until WeChat has sent something to an account, and tell whether it was taken."""
    since, give_up_at = clock.now(), time.monotonic() + seconds
    settled, findings = _look_for_push(site, appid, since)
    for finding in findings[:1]:
        click.echo(f"\n{finding.reason}\n{finding.remedy}", err=True)
    while not settled and time.monotonic() < give_up_at:
        time.sleep(LOOK_SECONDS)
        settled, findings = _look_for_push(site, appid, since)
    for finding in settled or findings[:1]:
        click.echo(f"{_WORDS[finding.state]}: {finding.reason}", err=True)
    return any(finding.state is State.OK for finding in settled)


def _look_for_push(
    site: Site, appid: str | None, since: datetime
) -> tuple[list[Finding], list[Finding]]:
    """Return what can be told of the accounts, and then everything."""
    # A push that came within the second in which we began to wait counts.
    earliest = since - timedelta(seconds=1)
    findings = [
        finding
        for row in wechat_apps.get_all()
        if appid is None or row.appid == appid
        if (finding := doctor.look_for_push(site, row, since=earliest, now=clock.now()))
    ]
    return [finding for finding in findings if finding.state is not State.UNKNOWN], findings
