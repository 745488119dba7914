-- Check-ins with a body of their own each: every patient is somebody else. Counts answers that are not 201.
local priorities = { "Low", "Medium", "High", "Urgent" }
local threads = {}
local sent = 0

function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  run = args[1] or "0"
  refused = 0
end

function request()
  sent = sent + 1
  local body = string.format(
    '{"queueId":"queue-%d","patientId":"%s-%d-%d","patientName":"Alex Olsen","priority":"%s","consultationType":"General"}',
    sent % 8 + 1, run, id, sent, priorities[sent % 4 + 1])
  return wrk.format("POST", "/api/waiting-room/check-in", { ["Content-Type"] = "application/json" }, body)
end

function response(status)
  if status ~= 201 then refused = refused + 1 end
end

function done(summary, latency)
  local refusals = 0
  for _, thread in ipairs(threads) do refusals = refusals + thread:get("refused") end
  local failures = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT {"requests":%d,"seconds":%.3f,"p50Ms":%.3f,"p99Ms":%.3f,"refused":%d,"failures":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, refusals, failures))
end
