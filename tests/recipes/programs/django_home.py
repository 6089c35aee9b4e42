"""The shop's page: whom it knows the browser as."""

from django.http import HttpRequest, JsonResponse
from django.urls import path


def home(request: HttpRequest) -> JsonResponse:
    """Tell what allauth has written down of the person."""
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"user": None})
    account = user.socialaccount_set.get()
    address = user.emailaddress_set.get()
    return JsonResponse(
        {
            "user": user.username,
            "uid": account.uid,
            "email": address.email,
            "is_verified": address.verified,
            "userinfo": account.extra_data["userinfo"],
        }
    )


urlpatterns = [path("", home)]
