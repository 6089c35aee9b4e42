# A program on OmniAuth that reads gitlab.rb as GitLab does: each provider's `args` are the options of
# its strategy, mounted at /users/auth.
require "json"
require "rack"
require "rack/handler/webrick"
require "rack/session/cookie"
require "omniauth_openid_connect"

settings, port = ARGV
gitlab_rails = {}
eval(File.read(settings), binding, settings)
offered = gitlab_rails["omniauth_providers"].first

# The tests have no TLS, and OmniAuth takes a login that is started by GET for one of another site's.
[SWD, WebFinger].each { |finder| finder.url_builder = URI::HTTP }
OmniAuth.config.allowed_request_methods = [:get]
OmniAuth.config.silence_get_warning = true
OmniAuth.config.path_prefix = "/users/auth"
OmniAuth.config.logger = Logger.new($stderr)

callback = "/users/auth/#{offered[:name]}/callback"
home = lambda do |env|
  request = Rack::Request.new(env)
  case request.path
  when callback
    found = env["omniauth.auth"]
    request.session["user"] = { uid: found.uid, info: found.info.to_h }
    [302, { "Location" => "/" }, []]
  when "/leave"
    request.session.clear
    [302, { "Location" => request.params["to"] }, []]
  else
    [200, { "Content-Type" => "application/json" }, [{ user: request.session["user"] }.to_json]]
  end
end

app = Rack::Builder.new do
  use Rack::Session::Cookie, key: "gitlab", secret: "a secret of the forge in the tests " * 2
  use OmniAuth::Builder do
    provider :openid_connect, offered[:args]
  end
  run home
end
Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: port.to_i, AccessLog: [])
