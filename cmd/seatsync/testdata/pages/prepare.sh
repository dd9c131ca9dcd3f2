set -e
cp accounts/*.yaml .
git init --quiet
git add desired-state.yaml
git -c user.name=Ada -c user.email=ada@example.com commit --quiet -m 'Keep the seats'
git update-ref refs/remotes/origin/main HEAD
seatsync plan --out yesterday.json
seatsync apply --yes
