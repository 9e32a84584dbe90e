"""The pages of accounts: join, sign in and out, profile, password, leaving."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, flash, request
from werkzeug.datastructures import MultiDict

from booklib import accounts
from booklib.errors import Invalid, SignInRefused
from booklib.models import User
from booklib.web import backups, sessions
from booklib.web.context import current_user, signed_in, site, world
from booklib.web.respond import is_local, render, see_other
from booklib.web.security import client_address

blueprint = Blueprint("accounts", __name__)

HOME = "/library"


@blueprint.route("/register", methods=["GET", "POST"])
async def register() -> Response:
    """Make an account, and be signed in with it."""
    if request.method != "POST":
        return await _register_page()
    form = await request.form
    try:
        user = await _registered(form)
    except Invalid as error:
        return await _form("register", form, error.problems, 422)
    return _welcome(user, form, keep=True)


async def _registered(form: MultiDict[str, str]) -> User:
    return await accounts.register(
        world(),
        username=form.get("username", ""),
        email=form.get("email", ""),
        password=form.get("password", ""),
        confirm=form.get("confirm_password", ""),
        policy=site().registration,
        address=client_address(),
        time_zone=form.get("time_zone", ""),
    )


async def _register_page() -> Response:
    if signed_in() is not None:
        return see_other(HOME)
    if not await accounts.open_to_new(world(), site().registration):
        return await render("accounts/closed.html", "accounts/_closed.html", status=403)
    return await _form("register", request.args)


@blueprint.route("/login", methods=["GET", "POST"])
async def login() -> Response:
    """Sign in, and go on to the page that asked for it."""
    if request.method != "POST":
        return see_other(HOME) if signed_in() else await _form("login", request.args)
    form = await request.form
    try:
        user = await accounts.sign_in(
            world(),
            login=form.get("username", ""),
            password=form.get("password", ""),
            address=client_address(),
        )
    except SignInRefused as error:
        return await _form("login", form, {"password": str(error)}, 422)
    return _welcome(user, form, keep=bool(form.get("remember")))


@blueprint.post("/logout")
async def logout() -> Response:
    """End this session, copies of its cookie included."""
    await accounts.end_session(world(), current_user(), sessions.current().session_id)
    sessions.forget()
    answer = see_other("/")
    # Back must not show the shelf from memory; over plain http static/js/places.js sees to it.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@blueprint.route("/account", methods=["GET", "POST"])
async def profile() -> Response:
    """Time zone, default view, keyboard."""
    user = current_user()
    if request.method != "POST":
        typed = {"time_zone": user.time_zone, "view": user.view, "shortcuts": user.shortcuts}
        return await _profile(typed)
    form = await request.form
    zone, view, shortcuts = form.get("time_zone", ""), form.get("view", ""), "shortcuts" in form
    try:
        await accounts.save_profile(world(), user, time_zone=zone, view=view, shortcuts=shortcuts)
    except Invalid as error:
        typed = {"time_zone": zone, "view": view, "shortcuts": shortcuts}
        return await _profile(typed, error.problems, 422)
    return await _done("Saved.", "/account")


async def _profile(
    typed: dict[str, Any], problems: dict[str, str] | None = None, status: int = 200
) -> Response:
    zones = accounts.time_zones()
    return await _form(
        "profile", typed, problems, status, time_zones=zones, backups=await backups.told()
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
async def password() -> Response:
    """Another password; every other session ends."""
    if request.method != "POST":
        return await _form("password", {})
    form = await request.form
    typed = [form.get(name, "") for name in ("current_password", "password", "confirm_password")]
    try:
        user = await accounts.change_password(world(), current_user(), *typed)
    except Invalid as error:
        return await _form("password", {}, error.problems, 422)
    sessions.begin(user, keep=sessions.current().kept)
    return await _done("Your password is changed, and all other devices are signed out.")


@blueprint.post("/account/sessions/end")
async def end_sessions() -> Response:
    """Sign out everywhere else."""
    user = await accounts.end_all_sessions(world(), current_user())
    sessions.begin(user, keep=sessions.current().kept)
    return await _done("All other devices are signed out.")


@blueprint.route("/account/delete", methods=["GET", "POST"])
async def delete() -> Response:
    """Close the account, with everything in it."""
    if request.method != "POST":
        return await _form("delete", {})
    form = await request.form
    try:
        await accounts.close_account(world(), current_user(), form.get("password", ""))
    except Invalid as error:
        return await _form("delete", {}, error.problems, 422)
    sessions.forget()
    return see_other("/")


async def _form(
    name: str,
    typed: MultiDict[str, str] | dict[str, Any],
    problems: dict[str, str] | None = None,
    status: int = 200,
    **context: Any,
) -> Response:
    """A form as a page or a piece, with what was typed but for passwords."""
    return await render(
        f"accounts/{name}.html",
        f"accounts/_{name}.html",
        status=status,
        typed=typed,
        problems=problems or {},
        **context,
    )


def _welcome(user: User, form: MultiDict[str, str], *, keep: bool) -> Response:
    sessions.begin(user, keep=keep)
    wanted = form.get("next") or request.args.get("next", "")
    return see_other(wanted if is_local(wanted) else HOME)


async def _done(message: str, page: str = "/account") -> Response:
    await flash({"message": message})  # type: ignore[arg-type]
    return see_other(page)
