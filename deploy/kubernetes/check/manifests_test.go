package check

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// decode reads every document of every manifest, refusing unknown and doubled
// fields.
func decode(t *testing.T) map[string][]runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	paths, err := filepath.Glob("../*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	objects := make(map[string][]runtime.Object)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range bytes.Split(data, []byte("\n---\n")) {
			object, _, err := decoder.Decode(document, nil, nil)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			objects[filepath.Base(path)] = append(objects[filepath.Base(path)], object)
		}
	}
	return objects
}

func TestTheManifestsFitTheTypes(t *testing.T) {
	objects := decode(t)
	for name, count := range map[string]int{"base.yaml": 4, "deployment.yaml": 2, "cronjob.yaml": 1, "indexed-job.yaml": 1} {
		if len(objects[name]) != count {
			t.Errorf("%s has %d objects, want %d", name, len(objects[name]), count)
		}
	}
}

// pods returns the pod templates by the file that they are in.
func pods(t *testing.T) map[string]corev1.PodSpec {
	t.Helper()
	found := make(map[string]corev1.PodSpec)
	for name, objects := range decode(t) {
		for _, object := range objects {
			switch object := object.(type) {
			case *appsv1.Deployment:
				found[name] = object.Spec.Template.Spec
			case *batchv1.CronJob:
				found[name] = object.Spec.JobTemplate.Spec.Template.Spec
			case *batchv1.Job:
				found[name] = object.Spec.Template.Spec
			}
		}
	}
	if len(found) != 3 {
		t.Fatalf("%d pods, want 3", len(found))
	}
	return found
}

func TestThePodsHaveTheLeastPrivilege(t *testing.T) {
	for name, pod := range pods(t) {
		container := pod.Containers[0]
		security := container.SecurityContext
		switch {
		case pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken:
			t.Errorf("%s: a token of the cluster is in the pod", name)
		case pod.SecurityContext.RunAsNonRoot == nil || !*pod.SecurityContext.RunAsNonRoot:
			t.Errorf("%s: may run as root", name)
		case pod.SecurityContext.SeccompProfile == nil || pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
			t.Errorf("%s: no seccomp profile", name)
		case security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation:
			t.Errorf("%s: may gain privileges", name)
		case security.ReadOnlyRootFilesystem == nil || !*security.ReadOnlyRootFilesystem:
			t.Errorf("%s: the image can be written to", name)
		case len(security.Capabilities.Drop) != 1 || security.Capabilities.Drop[0] != "ALL" || len(security.Capabilities.Add) > 0:
			t.Errorf("%s: capabilities %v", name, security.Capabilities)
		case container.Resources.Limits.Memory().IsZero():
			t.Errorf("%s: no limit of memory", name)
		}
		for _, variable := range container.Env {
			if strings.Contains(variable.Name, "TOKEN") && !strings.HasSuffix(variable.Name, "_FILE") {
				t.Errorf("%s: a secret in a variable: %s", name, variable.Name)
			}
		}
		if *pod.TerminationGracePeriodSeconds < 60 {
			t.Errorf("%s: no time to drain", name)
		}
	}
}

func TestTheProbesAskForWhatIsServed(t *testing.T) {
	container := pods(t)["deployment.yaml"].Containers[0]
	if container.LivenessProbe.HTTPGet.Path != "/healthz" || container.ReadinessProbe.HTTPGet.Path != "/healthz" || container.Ports[0].ContainerPort != 9464 {
		t.Errorf("probes %+v %+v", container.LivenessProbe, container.ReadinessProbe)
	}
}
